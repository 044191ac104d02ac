import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { reasonOf, systemClock } from '../../base/index.ts';
import { inNamespace, mustRun } from '../command.ts';
import { LabError } from '../errors.ts';
import type { Lab } from '../lab.ts';
import { untilSessions } from './joined.ts';
import { type CableEnd, readTopology, type Topology, type TopologyNode } from './read.ts';
import { startRouter } from './router.ts';

/** A topology, and the folder from which the files that it names are found. */
export interface TopologyFile {
  readonly topology: Topology;
  readonly directory: string;
}

export async function loadTopology(path: string): Promise<TopologyFile> {
  return { topology: readTopology(await read('.', path)), directory: dirname(resolve(path)) };
}

/** Packets of one connection keep their way, and connections between the same two pods take different ones. */
const ROUTER_SETTINGS = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'];
const SPREAD = ['net.ipv4.fib_multipath_hash_policy=1', 'net.ipv6.fib_multipath_hash_policy=1'];

/**
 * Makes all that the topology names, in a lab that was just started. Resolves when every daemon runs; `untilJoined`
 * waits for what they tell each other.
 */
export async function buildTopology(lab: Lab, { topology, directory }: TopologyFile): Promise<void> {
  const configs = new Map<string, string>();
  for (const { name, config } of topology.nodes) {
    if (config !== undefined) configs.set(name, 'text' in config ? config.text : await read(directory, config.path));
  }
  const documents = await Promise.all(
    topology.resources.map((one) => (typeof one === 'string' ? read(directory, one) : JSON.stringify(one))),
  );
  await Promise.all(
    topology.nodes.map(({ name, kind, env }) => (kind === 'vrouter' ? lab.addNode(env, name) : lab.addHost(name))),
  );
  const { name: first } = topology.nodes.find(({ kind }) => kind === 'vrouter')!;
  const reflectors = topology.nodes.filter(({ reflector }) => reflector !== undefined).map(({ name }) => name);
  if (reflectors.length > 0) await lab.record.change((state) => ({ ...state, reflectors }));
  for (const node of topology.nodes) await labelNode(lab, node);
  if (documents.length > 0)
    await told(lab.calicoctl(first, ['apply', '-f', '-'], documents.join('\n---\n')), 'resources');
  await lab.record.change((state) => ({ ...state, cables: topology.cables.map(([a, b]) => [shown(a), shown(b)]) }));
  for (const [a, b] of topology.cables) await addCable(lab, a, b);
  for (const node of topology.nodes) await prepare(lab, node);
  await Promise.all(
    topology.nodes.map(async ({ name, kind }) => {
      if (kind === 'bird' || kind === 'frr') await startRouter(lab, lab.node(name), kind, configs.get(name)!);
    }),
  );
}

/** Waits until every session is up, and every pod reaches every other. */
export async function untilJoined(lab: Lab): Promise<void> {
  await untilSessions(lab.record, systemClock);
  await lab.until('all pods to reach all pods', async () => {
    for (const family of lab.families) if (!(await lab.reachability(family)).complete) return false;
    return true;
  });
}

async function labelNode(lab: Lab, { name, kind, labels, reflector }: TopologyNode): Promise<void> {
  if (kind !== 'vrouter') return;
  if (reflector !== undefined) {
    const patch = JSON.stringify({ spec: { bgp: { routeReflectorClusterID: reflector } } });
    await told(lab.calicoctl(name, ['patch', 'node', name, '--patch', patch]), `topology.nodes.${name}.reflector`);
  }
  for (const [key, value] of Object.entries(labels)) {
    const command = ['label', 'nodes', name, `${key}=${value}`, '--overwrite'];
    await told(lab.calicoctl(name, command), `topology.nodes.${name}.labels.${key}`);
  }
}

function shown(end: CableEnd): string {
  return `${end.node}:${end.interface}`;
}

async function addCable(lab: Lab, a: CableEnd, b: CableEnd): Promise<void> {
  const [here, there] = [a, b].map(({ node }) => lab.node(node).namespace);
  const peer = ['peer', 'name', b.interface, 'netns', there];
  await mustRun(['ip', '-n', here, 'link', 'add', a.interface, 'type', 'veth', ...peer]);
  await mustRun(['ip', '-n', here, 'link', 'set', a.interface, 'up']);
  await mustRun(['ip', '-n', there, 'link', 'set', b.interface, 'up']);
}

async function prepare(lab: Lab, { name, kind, exec }: TopologyNode): Promise<void> {
  const settings = [...SPREAD, ...(kind === 'bird' || kind === 'frr' ? ROUTER_SETTINGS : [])];
  await mustRun(inNamespace(lab.node(name).namespace, ['sysctl', '-qw', ...settings]));
  for (const command of exec)
    await told(lab.exec(name, ['sh', '-c', command]), `topology.nodes.${name}.exec: ${command}`);
}

async function told(running: ReturnType<Lab['exec']>, what: string): Promise<void> {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new LabError('COMMAND_FAILED', `${what}: exit code ${code}: ${(stderr || stdout).trim()}`);
}

async function read(directory: string, path: string): Promise<string> {
  try {
    return await readFile(resolve(directory, path), 'utf8');
  } catch (error) {
    throw new LabError('BAD_TOPOLOGY', `a file of the topology can't be read: ${reasonOf(error)}`);
  }
}
