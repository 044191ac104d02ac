import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Lab, programsOf } from '../src/lab/index.ts';
import { BareNode } from './bare-node.ts';
import { end, inNamespace, median, pause } from './process.ts';

/**
 * TCP from a pod on one node to a pod on another, by iperf3: through vRouter's nodes, and through nodes on the same
 * switch whose routes, or tunnel, were made by hand with ip(8). All of them are there at once and take turns.
 *
 *     node bench/datapath.ts [ROUNDS] [SECONDS]        as root; works in network namespaces of its own
 */
const [rounds = 9, seconds = 1] = process.argv.slice(2).map(Number);
const FAMILIES = [4, 6] as const;
const ENCAPSULATIONS = ['direct routing', 'VXLAN'] as const;
type Encapsulation = (typeof ENCAPSULATIONS)[number];

/** Two pods, each on a node of its own. */
interface Way {
  readonly name: string;
  readonly client: string;
  readonly server: string;
  /** The server's. */
  readonly addresses: { readonly 4: string; readonly 6: string };
}

/** Nodes of vRouter's with a pod each, and beside them, on the same switch and with the same MTU, nodes made by hand. */
async function makeWays(lab: Lab, encapsulation: Encapsulation): Promise<readonly [ours: Way, bare: Way]> {
  await lab.addNodes(2);
  await lab.addPods(1);
  await lab.untilConverged();
  const client = lab.pods.find(({ node }) => node === 'node1')!;
  const server = lab.pods.find(({ node }) => node === 'node2')!;
  const ours: Way = {
    name: `vRouter, ${encapsulation}`,
    client: client.namespace,
    server: server.namespace,
    addresses: { 4: server.address!, 6: server.address6! },
  };
  await lab.until('the pods to reach each other', async () => {
    const rtts = await Promise.all(FAMILIES.map((family) => lab.ping(client, ours.addresses[family])));
    return rtts.every((rtt) => rtt !== undefined);
  });

  const hosts = [await lab.addHost(), await lab.addHost()];
  const [first, second] = hosts.map((host, at) => new BareNode(host, at + 1));
  for (const node of [first, second]) {
    bareNodes.push(node);
    node.makePod(mtuOf(server.namespace));
  }
  for (const [node, other] of [
    [first, second],
    [second, first],
  ]) {
    if (encapsulation === 'VXLAN') node.tunnelTo(other);
    else node.routeTo(other);
  }
  const name = `bare kernel, ${encapsulation}`;
  return [ours, { name, client: first.pod, server: second.pod, addresses: second.podAddresses }];
}

function mtuOf(namespace: string): number {
  const text = execFileSync('ip', ['-n', namespace, 'link', 'show', 'dev', 'eth0'], { encoding: 'utf8' });
  return Number(/mtu (\d+)/.exec(text)?.[1]);
}

/** Gigabits a second that the server has received. */
async function throughput({ client, server, addresses }: Way, family: 4 | 6): Promise<number> {
  const listening = inNamespace(server, ['iperf3', '-s', '-1', '--logfile', '/dev/null']);
  try {
    for (let tries = 0; ; tries++) {
      try {
        const args = ['iperf3', '-c', addresses[family], '-t', `${seconds}`, '-J'];
        const text = execFileSync('ip', ['netns', 'exec', client, ...args], { encoding: 'utf8', stdio: 'pipe' });
        return JSON.parse(text).end.sum_received.bits_per_second / 1e9;
      } catch (error) {
        if (tries === 20) throw error;
        await pause(100);
      }
    }
  } finally {
    await end(listening);
  }
}

const labs: Lab[] = [];
const bareNodes: BareNode[] = [];
try {
  /** Each of ours is followed by the bare kernel's that it is compared with. */
  const ways: Way[] = [];
  for (const encapsulation of ENCAPSULATIONS) {
    const mode = encapsulation === 'VXLAN' ? 'Always' : 'Never';
    const lab = await Lab.start({
      name: `d${process.pid}-${mode.toLowerCase()}`,
      programs: programsOf(fileURLToPath(new URL('../dist/vrouter.js', import.meta.url))),
      dualStack: true,
      environment: { CALICO_IPV4POOL_VXLAN: mode, CALICO_IPV6POOL_VXLAN: mode },
    });
    labs.push(lab);
    ways.push(...(await makeWays(lab, encapsulation)));
  }
  const results = ways.map(() => ({ 4: [] as number[], 6: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const family of FAMILIES) {
      // Now one way round, now the other, as the machine's pace drifts.
      const order = round % 2 === 0 ? [...ways.keys()] : [...ways.keys()].reverse();
      for (const index of order) results[index][family].push(await throughput(ways[index], family));
    }
  }
  process.stdout.write(
    `TCP from pod to pod, ${seconds} s each; median of ${rounds}, Gbit/s; the ratio is each round's, then the median\n`,
  );
  for (const [index, { name }] of ways.entries()) {
    const figures = FAMILIES.map((family) => {
      const own = results[index][family];
      const bare = results[index | 1][family];
      const ratio = median(own.map((value, at) => value / bare[at])).toFixed(2);
      return `IPv${family} ${median(own).toFixed(2).padStart(6)}  × bare ${ratio}`;
    });
    process.stdout.write(`${name.padEnd(28)}${figures.join('     ')}\n`);
  }
} finally {
  for (const node of bareNodes) node.remove();
  for (const lab of labs) await lab.stop();
}
