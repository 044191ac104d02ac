import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { reasonOf } from '../base/index.ts';
import { openStore, type Store } from '../datastore/index.ts';
import { inNamespace, run } from './command.ts';
import { LabError } from './errors.ts';
import { addNamespace, removeNamespaces } from './network.ts';
import type { NodePlan, PodPlan } from './plan.ts';
import { unwirePod, wirePod } from './pod.ts';
import { type Programs, programsOf } from './program.ts';
import { type LabRecord, mustReadRecord } from './state.ts';

/** The roles of the pods of a test, with the ends of their namespaces' names. */
const ROLES = { client: 'tc', server: 'ts', policed: 'tp' } as const;
type Role = keyof typeof ROLES;
/** As the CNI plugin is told. */
const NAMESPACE = 'lab';
const PORTS = ['8080', '8081'];

interface StagePod {
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  readonly role: Role;
  readonly addresses: readonly string[];
  readonly trouble?: string;
}

interface Wishes {
  readonly nodes?: readonly string[] | undefined;
  readonly pods?: readonly string[] | undefined;
}

/**
 * A lab as the place of `vrouter test connectivity`: pods of the test are namespaces that the real CNI plugin wires, beside
 * those of the lab. They have names of their own, so that whoever removes the lab finds what a killed test left.
 */
export class LabStage {
  readonly name = 'lab';
  readonly #record: LabRecord;
  readonly #programs: Programs;
  readonly #servers: ChildProcess[] = [];
  readonly #made: PodPlan[] = [];
  /** Network namespaces by the pods' names. */
  readonly #namespaces = new Map<string, string>();

  constructor(record: LabRecord, programs: Programs) {
    this.#record = record;
    this.#programs = programs;
  }

  get datastore() {
    return { type: 'sqlite', path: this.#record.plan.datastore } as const;
  }

  async prepare({ nodes, pods }: Wishes): Promise<readonly StagePod[]> {
    await removeNamespaces(await testNamespaces(this.#record));
    const chosen = this.#nodes(nodes);
    if (pods !== undefined) return this.#told(pods);
    const plans = chosen.flatMap((node) => (Object.keys(ROLES) as Role[]).map((role) => ({ node, role })));
    const made = await Promise.all(plans.map(({ node, role }) => this.#make(node, role)));
    const store = await openStore(this.datastore);
    try {
      for (const pod of made) if (pod.trouble === undefined) await label(store, pod);
    } finally {
      await store.close();
    }
    return made;
  }

  /** A lab has no services and no names. */
  async targets(): Promise<readonly []> {
    return [];
  }

  async ask(client: { readonly name: string }, probes: readonly unknown[]): Promise<readonly unknown[]> {
    const words = [...this.#programs.vrouter, '__probe', 'ask', JSON.stringify(probes)];
    const { code, stdout, stderr } = await run(inNamespace(this.#namespaceOf(client.name), words));
    if (code !== 0) throw new LabError('COMMAND_FAILED', `the probe of ${client.name} has failed: ${stderr.trim()}`);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
  }

  async close(): Promise<void> {
    for (const server of this.#servers) server.kill('SIGKILL');
    // A broken node may not take them back: they go with its namespace.
    await Promise.all(this.#made.map((pod) => unwirePod(this.#call(pod)).catch(() => {})));
    await removeNamespaces(this.#made.map(({ namespace }) => namespace));
  }

  #nodes(wanted: readonly string[] | undefined): readonly NodePlan[] {
    const { nodes } = this.#record.state;
    const unknown = wanted?.find((name) => !nodes.some((node) => node.name === name));
    if (unknown !== undefined) {
      throw new LabError(
        'NO_NODE',
        `there is no node '${unknown}'; there are: ${nodes.map(({ name }) => name).join(', ')}`,
      );
    }
    return nodes.filter(({ name }) => wanted === undefined || wanted.includes(name));
  }

  /** Pods of the lab: each asks and answers. */
  async #told(names: readonly string[]): Promise<readonly StagePod[]> {
    const { pods } = this.#record.state;
    const told = names.map((name) => {
      const pod = pods.find((one) => one.name === name || `${NAMESPACE}/${one.name}` === name);
      if (pod !== undefined) return pod;
      throw new LabError('NO_NODE', `there is no pod '${name}'; there are: ${pods.map((one) => one.name).join(', ')}`);
    });
    return (
      await Promise.all(
        told.map(async ({ name, node, namespace, address, address6 }): Promise<readonly StagePod[]> => {
          this.#namespaces.set(name, namespace);
          await this.#serve(name);
          const addresses = [address, address6].filter((one) => one !== undefined);
          const pod = { name, namespace: NAMESPACE, node, addresses };
          return [
            { ...pod, role: 'client' },
            { ...pod, role: 'server' },
          ];
        }),
      )
    ).flat();
  }

  async #make(node: NodePlan, role: Role): Promise<StagePod> {
    const name = `test-${role}-${node.name}`;
    const namespace = testNamespace(node, role);
    const plan: PodPlan = { name, node: node.name, namespace, containerId: `${this.#record.plan.name}-${name}` };
    const pod = { name, namespace: NAMESPACE, node: node.name, role };
    this.#made.push(plan);
    this.#namespaces.set(name, namespace);
    try {
      await addNamespace(namespace);
      const { address, address6 } = await wirePod(this.#call(plan));
      if (role !== 'client') await this.#serve(name);
      return { ...pod, addresses: [address, address6].filter((one) => one !== undefined) };
    } catch (error) {
      return { ...pod, addresses: [], trouble: reasonOf(error) };
    }
  }

  /** Resolves when the pod's server listens. */
  async #serve(name: string): Promise<void> {
    const words = [...this.#programs.vrouter, '__probe', 'serve', name, ...PORTS];
    const [file, ...args] = inNamespace(this.#namespaceOf(name), words);
    const server = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#servers.push(server);
    const said: string[] = [];
    server.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
    const listening = once(createInterface({ input: server.stdout }), 'line');
    const ended = once(server, 'exit').then(() => {
      throw new LabError('COMMAND_FAILED', `the server of ${name} has ended: ${said.join('').trim().slice(-300)}`);
    });
    // Its end later on is of nobody's concern.
    ended.catch(() => {});
    await Promise.race([listening, ended]);
  }

  #namespaceOf(name: string): string {
    const namespace = this.#namespaces.get(name);
    if (namespace === undefined) throw new LabError('NO_NODE', `the test has no pod '${name}'`);
    return namespace;
  }

  #call(pod: PodPlan) {
    const { plan, state } = this.#record;
    return { lab: plan, node: state.nodes.find(({ name }) => name === pod.node)!, pod, programs: this.#programs };
  }
}

/** Opens the lab of that name for a test; `main`: the file of the program that runs. */
export async function labStage(name: string, main: string): Promise<LabStage> {
  return new LabStage(await mustReadRecord(name), programsOf(main));
}

/** Namespaces of a test that are there, as after one that was killed. */
export async function testNamespaces({ state }: LabRecord): Promise<readonly string[]> {
  const there = new Set(await readdir('/run/netns').catch(() => []));
  const roles = Object.keys(ROLES) as Role[];
  return state.nodes
    .flatMap((node) => roles.map((role) => testNamespace(node, role)))
    .filter((name) => there.has(name));
}

function testNamespace({ namespace }: NodePlan, role: Role): string {
  return `${namespace}-${ROLES[role]}`;
}

/** Policies of the test know its pods by this label. */
async function label(store: Store, { name, namespace, role }: StagePod): Promise<void> {
  const { items } = await store.list('WorkloadEndpoint');
  const endpoint = items.find(({ metadata, spec }) => metadata.namespace === namespace && spec.pod === name);
  if (endpoint === undefined) return;
  const labels = { ...endpoint.metadata.labels, 'vrouter-test': role };
  await store.update({ ...endpoint, metadata: { ...endpoint.metadata, labels } });
}
