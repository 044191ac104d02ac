import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';

const SPACE = `vrt-devices-${process.pid}`;

/** What the tests here need of the kernel: each in a namespace, `-n` and `netns exec` left out. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  'tunl0 in new namespaces': ['ip', 'link', 'show', 'tunl0'],
  IPIP: ['ip', 'link', 'add', 'vrt0', 'type', 'ipip', 'local', '192.0.2.1', 'remote', '192.0.2.2'],
  WireGuard: ['ip', 'link', 'add', 'vrt1', 'type', 'wireguard'],
  VXLAN: ['ip', 'link', 'add', 'vrt2', 'type', 'vxlan', 'id', '1', 'dstport', '4789'],
  dummies: ['ip', 'link', 'add', 'vrt3', 'type', 'dummy'],
  bridges: ['ip', 'link', 'add', 'vrt4', 'type', 'bridge'],
  'pairs of links': ['ip', 'link', 'add', 'vrt5', 'type', 'veth', 'peer', 'name', 'vrt6'],
  'delay on links': ['tc', 'qdisc', 'add', 'dev', 'vrt5', 'root', 'netem', 'delay', '10ms'],
  'rules that choose a table': ['ip', 'rule', 'add', 'fwmark', '1', 'lookup', '100'],
  'the same for IPv6': ['ip', '-6', 'rule', 'add', 'fwmark', '1', 'lookup', '100'],
  'nftables for IPv4': ['nft', 'add table ip vrt'],
  'nftables for IPv6': ['nft', 'add table ip6 vrt'],
  'nftables for both': ['nft', 'add table inet vrt'],
  masquerading: [
    'nft',
    'add chain ip vrt out { type nat hook postrouting priority 100; }; add rule ip vrt out masquerade',
  ],
};

t.test('the kernel has what the tests need', async (t) => {
  const run = promisify(execFile);
  await run('ip', ['netns', 'add', SPACE]);
  t.teardown(() => run('ip', ['netns', 'delete', SPACE]));
  for (const [what, command] of Object.entries(NEEDED)) {
    await t.resolves(run('ip', ['netns', 'exec', SPACE, ...command]), what);
  }
});
