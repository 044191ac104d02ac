import { execFileSync } from 'node:child_process';
import t from 'tap';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { type DesiredPool, NO_TUNNELS } from '../../src/calc/index.ts';
import { dscpMarks } from '../../src/dataplane/qos/dscp.ts';
import { openNft } from '../../src/nftables/index.ts';
import { makeNamespace } from '../fakes/namespaces.ts';
import { PacketFilter } from './packet-filter.ts';

const root = process.getuid?.() === 0;
const needsRoot = { skip: root || process.env['CI'] ? false : 'it needs root' };

t.setTimeout(3_600_000);

const NEVER = { encapsulation: 'none', natOutgoing: false, disabled: false, disableBgpExport: false } as const;

function pool(cidr: string, more: Partial<DesiredPool> = {}): DesiredPool {
  return { name: cidr, cidr, ...NEVER, ...more };
}

t.test('what marked pods send to outside all pools, one rule for each DSCP', async (t) => {
  const pools = [pool('10.244.0.0/16'), pool('10.97.0.0/16', { loadBalancerOnly: true }), pool('fd00::/64')];
  const marks = [
    { addresses: ['10.244.0.1/32', 'fd00::1/128'], value: 46, why: 'a' },
    { addresses: ['10.244.0.2/32'], value: 10, why: 'b' },
    { addresses: ['10.244.0.3/32'], value: 46, why: 'c' },
  ];
  const [v4, v6] = [dscpMarks(4, pools, marks), dscpMarks(6, pools, marks)];
  t.same(
    v4?.sets?.map(([{ name }, elements]) => `${name} ${[...elements].join(' ')}`),
    ['network-ip-pools 10.244.0.0/16', 'dscp-10 10.244.0.2/32', 'dscp-46 10.244.0.1/32 10.244.0.3/32'],
  );
  t.same(
    v4?.chains[0][1].map(({ expression }) => expression),
    [
      'ip saddr @dscp-10 ip daddr != @network-ip-pools ip dscp set 10',
      'ip saddr @dscp-46 ip daddr != @network-ip-pools ip dscp set 46',
    ],
  );
  t.match(v6?.chains[0][1], [{ expression: /^ip6 saddr @dscp-46 .* ip6 dscp set 46$/ }]);
  t.equal(dscpMarks(4, pools, []), undefined);
  t.equal(dscpMarks(6, pools, [marks[1]]), undefined, 'no address of this family');
});

t.test('packets are marked, and those that stay inside are not', needsRoot, async (t) => {
  const [node, outside] = [makeNamespace(), makeNamespace()];
  const run = (where: { readonly name: string }, ...words: readonly string[]): string =>
    execFileSync('ip', ['netns', 'exec', where.name, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const nat = new PacketFilter({ nft: openNft({ namespace: node.path }), clock: systemClock, log: silentLog });
  t.teardown(() => {
    nat.stop();
    node.remove();
    outside.remove();
  });
  const ip = (where: { readonly name: string }, words: string): string => run(where, 'ip', ...words.split(' '));
  ip(node, `link add eth0 type veth peer name eth0 netns ${outside.name}`);
  for (const [space, address] of [
    [node, '10.244.0.1/32'],
    [outside, '192.0.2.2/32'],
  ] as const) {
    ip(space, 'link set eth0 up');
    ip(space, `addr add ${address} dev eth0`);
    ip(space, 'route add default dev eth0');
  }
  ip(outside, 'addr add 10.244.9.9/32 dev eth0');
  run(outside, 'nft', 'add table ip vrt; add chain ip vrt seen { type filter hook input priority 0 ; }');
  const marked = (to: string): number => {
    run(outside, 'nft', 'flush chain ip vrt seen; add rule ip vrt seen icmp type echo-request ip dscp 46 counter');
    run(node, 'ping', '-n', '-c', '1', '-W', '5', to);
    return Number(/counter packets (\d+)/.exec(run(outside, 'nft', 'list', 'table', 'ip', 'vrt'))?.[1]);
  };
  const dscp = [{ addresses: ['10.244.0.1/32'], value: 46, why: 'dscp of endpoint default/web' }];
  await nat.apply({
    pools: [pool('10.244.0.0/16')],
    nat: { hosts: undefined, address: undefined, ports: undefined, outInterface: undefined, floatingIps: [], dscp },
    services: { cidrs: [], loops: 'Drop' },
    spoofing: [],
    wireguard: undefined,
    wireguard6: undefined,
    encapsulation: NO_TUNNELS,
    interfacePrefix: 'cali',
    tunnels: { 4: [], 6: [] },
  });
  t.same(nat.failures(), []);
  t.equal(marked('192.0.2.2'), 1);
  t.equal(marked('10.244.9.9'), 0, 'to another pod');
  const before = run(node, 'nft', '-a', 'list', 'ruleset');
  await nat.resync();
  t.equal(run(node, 'nft', '-a', 'list', 'ruleset'), before, 'looking again changes nothing');
});
