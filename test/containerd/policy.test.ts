import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import t from 'tap';
import { inNamespace, mustRun } from '../../src/lab/command.ts';
import { blocksOf, needsRoot } from '../cluster/cluster.ts';
import { IMAGE } from './containerd.ts';
import type { Sandbox } from './cri.ts';
import { type Runtimes, runtimes } from './nodes.ts';

const installed = existsSync('/usr/bin/containerd') && existsSync('/usr/lib/cni/portmap');
const needs = installed || process.env['CI'] ? needsRoot : { skip: 'it needs containerd, runc and the CNI plugins' };

const SANDBOXES: readonly Sandbox[] = Array.from({ length: 4 }, (_, index) => ({ name: `held${index}` }));
const PORT = 7;

/** Sends datagrams to every address that a pod may get, again and again, whatever is answered. */
const HAMMER = `
const addresses = process.argv.slice(1);
const socket = require('node:dgram').createSocket('udp4');
socket.on('error', () => {});
let at = 0;
const again = () => {
  for (let sent = 0; sent < 8; sent++) socket.send('hammer', ${PORT}, addresses[at++ % addresses.length], () => {});
  setTimeout(again, 1);
};
again();
`;

t.test('a sandbox under policy neither gets nor sends what policy denies, from its first moment', needs, async (t) => {
  const cluster = await runtimes(t, 2, 1);
  const { lab, nodes } = cluster;
  const [{ node, containerd }, { node: other }] = nodes;
  const { cri } = containerd;
  const [peer] = lab.pods;
  t.equal(peer.node, node.name, 'who hammers is on the same node too');
  await hold(cluster, 'Deny');
  await lab.until('policy to be in force', async () => {
    const tables = await mustRun(inNamespace(node.namespace, ['nft', 'list', 'tables']));
    if (!tables.includes('vrouter-policy')) throw new Error(tables);
    return true;
  });

  const targets = (await blocksOf(lab, node.name)).flatMap(addressesIn).filter((address) => address !== peer.address);
  for (const namespace of [peer.namespace, other.namespace]) {
    const [program, ...words] = inNamespace(namespace, [process.execPath, '-e', HAMMER, ...targets]);
    const hammer: ChildProcess = spawn(program, words, { stdio: 'ignore' });
    t.teardown(() => hammer.kill('SIGKILL'));
  }
  const outside = other.address.split('/')[0];
  const witness = [
    'add table ip witness',
    'add chain ip witness in { type filter hook prerouting priority -300 ; }',
    `add rule ip witness in ip saddr { ${targets.join(', ')} } icmp type echo-request counter`,
  ];
  await mustRun(inNamespace(other.namespace, ['nft', witness.join('; ')]));
  const sent = async (): Promise<number> =>
    Number(
      /packets (\d+)/.exec(await mustRun(inNamespace(other.namespace, ['nft', 'list', 'table', 'ip', 'witness'])))?.[1],
    );

  const held = await Promise.all(
    SANDBOXES.map(async (sandbox) => {
      const id = await cri.runSandbox(sandbox);
      const sends = ['sh', '-c', `while :; do ping -c1 -W1 ${outside}; done`];
      const container = await cri.startContainer(id, sandbox, IMAGE, sends);
      const got = async (): Promise<number> => datagrams((await cri.exec(container, ['cat', '/proc/net/snmp'])).stdout);
      return { id, got, address: await cri.addressOf(id) };
    }),
  );
  t.ok(
    held.every(({ address }) => targets.includes(address)),
    'all have been hammered',
  );
  t.same(
    await Promise.all(held.map(({ got }) => got())),
    SANDBOXES.map(() => 0),
    'no datagram has come to any',
  );
  t.equal(await sent(), 0, 'and nothing from any has left the node');

  await hold(cluster, 'Allow');
  await lab.until('what is allowed to go through', async () => {
    const counts = [...(await Promise.all(held.map(({ got }) => got()))), await sent()];
    if (counts.includes(0)) throw new Error(counts.join());
    return true;
  });
  for (const { id } of held) {
    await cri.stopSandbox(id);
    await cri.removeSandbox(id);
  }
});

/** What is done with all that goes from or to containerd's pods. */
async function hold({ lab, nodes }: Runtimes, action: 'Allow' | 'Deny'): Promise<void> {
  const policy = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'held' },
    spec: {
      selector: 'projectcalico.org/namespace == "default"',
      types: ['Ingress', 'Egress'],
      ingress: [{ action }],
      egress: [{ action }],
    },
  };
  const { code, stderr } = await lab.calicoctl(nodes[0].node.name, ['apply', '-f', '-'], JSON.stringify(policy));
  if (code !== 0) throw new Error(stderr);
}

/** The addresses of a block of IPv4. */
function addressesIn(cidr: string): readonly string[] {
  const [network, length] = cidr.split('/');
  const [a, b, c, d] = network.split('.').map(Number);
  return Array.from({ length: 2 ** (32 - Number(length)) }, (_, index) => `${a}.${b}.${c}.${d + index}`);
}

/** Datagrams that have come to the stack of who reads this file, whether anybody listens or not. */
function datagrams(snmp: string): number {
  const [names = [], values = []] = snmp
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  return ['InDatagrams', 'NoPorts'].reduce((sum, name) => sum + Number(values[names.indexOf(name)]), 0);
}
