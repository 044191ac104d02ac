import { writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { inNamespace, mustRun } from '../src/lab/command.ts';
import { Lab, type NodePlan, programsOf } from '../src/lab/index.ts';
import { Containerd, type Kit, makeKit } from '../test/containerd/containerd.ts';

/**
 * What a pod's network costs: the plugin's ADD and DEL, called as a runtime does, and whole sandboxes of one
 * containerd, alone and many at once; beside Debian's ptp and bridge with host-local, which tell nobody of the pod. Once more where
 * policy is enforced.
 * Then many pods on one node, until another node reaches them all. Milliseconds.
 *
 *     node bench/cni.ts [CALLS] [AT-ONCE] [PODS]      default 100 50 200
 */
const [CALLS = 100, AT_ONCE = 50, PODS = 200] = process.argv.slice(2).map(Number);

type Network = (node: NodePlan) => Record<string, unknown>;

const hostLocal = (third: number) => ({
  type: 'host-local',
  ranges: [[{ subnet: `10.${third}.0.0/16` }]],
  dataDir: '',
});

const NETWORKS: Readonly<Record<string, Network>> = {
  vrouter: ({ socket }) => ({ type: 'calico', ipam: { type: 'calico-ipam' }, vrouter_socket: socket }),
  ptp: () => ({ type: 'ptp', ipam: hostLocal(98) }),
  bridge: () => ({ type: 'bridge', bridge: 'cni0', isGateway: true, ipam: hostLocal(99) }),
};

const kit = await makeKit(`b${process.pid}`);
const lab = await Lab.start({
  name: `b${process.pid}`,
  // The lab's own pods get their network by the plugin as it is installed.
  programs: { ...programsOf(fileURLToPath(new URL('../src/main.ts', import.meta.url))), cni: [`${kit.bin}/calico`] },
});
try {
  const [node, other] = await lab.addNodes(2);
  await lab.untilConverged();
  process.stdout.write(row(['', `alone, ${CALLS} calls`, '', `${AT_ONCE} at once`, '']));
  process.stdout.write(row(['', 'p50', 'p99', 'p50', 'p99']));
  await measureFloor(node, kit);
  for (const [name, network] of Object.entries(NETWORKS)) await measurePlugin(name, network(node), node, kit);
  await measureUnderPolicy(node, kit);
  for (const [name, network] of Object.entries(NETWORKS)) await measureSandboxes(name, network(node), node, kit);
  await measureReach(node, other);
} finally {
  await lab.stop();
  kit.remove();
}

/** What a process of Node's costs that does nothing, called as the plugins are: what the plugin took as a program of Node. */
async function measureFloor({ namespace }: NodePlan, { directory }: Kit): Promise<void> {
  const empty = `${directory}/empty`;
  writeFileSync(empty, '');
  const call = () => mustRun(inNamespace(namespace, [process.execPath, empty]), { env: { PATH: process.env['PATH'] } });
  report('node, an empty file', await times(CALLS, 1, call), await times(AT_ONCE, AT_ONCE, call));
}

async function measurePlugin(name: string, network: Record<string, unknown>, node: NodePlan, { bin, directory }: Kit) {
  const namespaces = Array.from({ length: Math.max(CALLS, AT_ONCE) }, (_, index) => `${node.namespace}-b${index}`);
  await Promise.all(namespaces.map((namespace) => mustRun(['ip', 'netns', 'add', namespace])));
  const config = JSON.stringify(withData({ cniVersion: '1.0.0', name, ...network }, directory));
  const call = (command: string) => (index: number) =>
    mustRun(inNamespace(node.namespace, [`${bin}/${String(network['type'])}`]), {
      input: config,
      env: {
        PATH: process.env['PATH'],
        CNI_COMMAND: command,
        CNI_CONTAINERID: `${name}${index}`,
        CNI_NETNS: `/run/netns/${namespaces[index]}`,
        CNI_IFNAME: 'eth0',
        CNI_PATH: bin,
      },
    });
  try {
    const alone = [await times(CALLS, 1, call('ADD')), await times(CALLS, 1, call('DEL'))];
    const together = [await times(AT_ONCE, AT_ONCE, call('ADD')), await times(AT_ONCE, AT_ONCE, call('DEL'))];
    for (const [index, verb] of ['ADD', 'DEL'].entries()) report(`${name} ${verb}`, alone[index], together[index]);
  } finally {
    await Promise.all(namespaces.map((namespace) => mustRun(['ip', 'netns', 'delete', namespace])));
  }
}

/** The same ADD where each pod is held to a policy, and is a member of the sets that its rules look into. */
async function measureUnderPolicy(node: NodePlan, shared: Kit): Promise<void> {
  const rules = [{ action: 'Allow', source: { selector: 'all()' } }];
  const policy = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'bench' },
    spec: { selector: 'all()', types: ['Ingress', 'Egress'], ingress: rules, egress: [{ action: 'Allow' }] },
  };
  await lab.calicoctl(node.name, ['apply', '-f', '-'], JSON.stringify(policy));
  await lab.until('the policy to be enforced', async () =>
    (await lab.exec(node.name, ['nft', 'list', 'tables'])).stdout.includes('vrouter-policy'),
  );
  await measurePlugin('vrouter-policy', NETWORKS['vrouter'](node), node, shared);
  await lab.calicoctl(node.name, ['delete', 'globalnetworkpolicy', 'bench']);
}

async function measureSandboxes(name: string, network: Record<string, unknown>, node: NodePlan, shared: Kit) {
  const plugins = [withData(network, shared.directory)];
  const containerd = Containerd.ofNode(shared, name, node.namespace, { cniVersion: '1.0.0', name, plugins });
  try {
    await containerd.start();
    const ids: string[] = [];
    const start = async (index: number): Promise<void> => {
      ids[index] = await containerd.cri.runSandbox({ name: `s${index}` });
    };
    const stop = (index: number): Promise<void> => containerd.cri.stopSandbox(ids[index]);
    const remove = (index: number): Promise<void> => containerd.cri.removeSandbox(ids[index]);
    const few = Math.ceil(CALLS / 5);
    const alone = [await times(few, 1, start), await times(few, 1, stop)];
    await times(few, 1, remove);
    const together = [await times(AT_ONCE, AT_ONCE, start), await times(AT_ONCE, AT_ONCE, stop)];
    await times(AT_ONCE, AT_ONCE, remove);
    report(`${name} sandbox run`, alone[0], together[0]);
    report(`${name} sandbox stop`, alone[1], together[1]);
  } finally {
    await containerd.remove();
  }
}

async function measureReach(node: NodePlan, other: NodePlan): Promise<void> {
  const begin = performance.now();
  const pods = await Promise.all(Array.from({ length: PODS }, () => lab.addPod(node.name)));
  const added = performance.now();
  const waiting = [...pods];
  const reach = async (): Promise<void> => {
    for (let pod = waiting.pop(); pod !== undefined; pod = waiting.pop()) {
      const { address = '' } = pod;
      await lab.until(`${address} to answer`, async () => (await lab.ping(other, address)) !== undefined);
    }
  };
  await Promise.all(Array.from({ length: 16 }, reach));
  const seconds = (from: number, to: number): string => `${((to - from) / 1000).toFixed(1)} s`;
  process.stdout.write(
    `${PODS} pods on a node: added in ${seconds(begin, added)}, another node has reached them all ${seconds(added, performance.now())} later\n`,
  );
}

/** host-local keeps what it has given in a folder: here one that goes with the measurement. */
function withData(network: Record<string, unknown>, directory: string): Record<string, unknown> {
  const ipam = network['ipam'] as Record<string, unknown>;
  return 'dataDir' in ipam ? { ...network, ipam: { ...ipam, dataDir: `${directory}/ipam` } } : network;
}

/** How long each call took, sorted. */
async function times(count: number, atOnce: number, call: (index: number) => Promise<unknown>): Promise<number[]> {
  const found: number[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const begin = performance.now();
      await call(index);
      found.push(performance.now() - begin);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return found.sort((a, b) => a - b);
}

function report(what: string, alone: readonly number[], together: readonly number[]): void {
  const at = (values: readonly number[], share: number): string =>
    values[Math.min(values.length - 1, Math.floor(values.length * share))].toFixed(0);
  process.stdout.write(row([what, at(alone, 0.5), at(alone, 0.99), at(together, 0.5), at(together, 0.99)]));
}

function row([what, ...cells]: readonly string[]): string {
  return `${what.padEnd(24)}${cells.map((cell) => cell.padStart(12)).join('')}\n`;
}
