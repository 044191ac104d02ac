import { type Clock, systemClock } from '../base/index.ts';
import type { StatusAnswer } from '../control/index.ts';
import { inNamespace, type Output, type RunOptions, run } from './command.ts';
import { whatIsMissing } from './convergence.ts';
import { LabError } from './errors.ts';
import { Making } from './making.ts';
import { addFabric, addNamespace, addNodeNetwork, ping, removeNamespaces, setCable, showRoutes } from './network.ts';
import { NodeDaemon } from './node-daemon.ts';
import { type LabShape, type NodePlan, type PodPlan, planLab, planNode, planPod } from './plan.ts';
import { type PodCall, unwirePod, wirePod } from './pod.ts';
import { nodeEnvironment, type Programs } from './program.ts';
import { measureReachability, type Reachability } from './reachability.ts';
import { removeLab, sweep } from './remove.ts';
import { LabRecord, type PodState, processStart, readRecord } from './state.ts';
import { until } from './until.ts';

export interface LabOptions extends LabShape {
  readonly name: string;
  readonly programs: Programs;
  /** More environment for every daemon, such as `VROUTER_BGP_HOLD_TIME`. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

/**
 * A running lab, kept by this process. Each verb does one thing that an operator could do to a cluster, and resolves
 * when it is done; `until` waits for what the cluster makes of it.
 */
export class Lab {
  readonly record: LabRecord;
  readonly #options: LabOptions;
  readonly #clock: Clock;
  readonly #daemons = new Map<string, NodeDaemon>();
  readonly #making: Making;
  #nodesMade = 0;

  private constructor(record: LabRecord, options: LabOptions) {
    this.record = record;
    this.#making = new Making(record);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Makes the fabric of a new lab; what killed labs left is removed first. */
  static async start(options: LabOptions): Promise<Lab> {
    const plan = planLab(options.name, options);
    await sweep();
    const running = await readRecord(options.name);
    if (running !== undefined) {
      const { pid } = running.state.owner;
      const end = `vrouter lab down --name ${options.name}`;
      throw new LabError('RUNNING', `lab '${options.name}' is up (process ${pid}); end it with: ${end}`);
    }
    const owner = { pid: process.pid, started: (await processStart(process.pid)) ?? '' };
    const lab = new Lab(new LabRecord(plan, { name: options.name, owner, nodes: [], hosts: [], pods: [] }), options);
    await lab.#making.make(
      (state) => state,
      () => addFabric(plan),
    );
    return lab;
  }

  get nodes(): readonly NodePlan[] {
    return this.record.state.nodes;
  }

  get pods(): readonly PodState[] {
    return this.record.state.pods;
  }

  /** The families that the lab speaks. */
  get families(): readonly (4 | 6)[] {
    return this.record.plan.dualStack ? [4, 6] : [4];
  }

  /** Makes the node's namespace and starts its daemon; resolves when the daemon is ready. */
  async addNode(environment: Readonly<Record<string, string>> = {}, name?: string): Promise<NodePlan> {
    const node = planNode(this.record.plan, this.#nodesMade++, name);
    await this.#making.make(
      (state) => ({ ...state, nodes: [...state.nodes, node] }),
      () => addNodeNetwork(this.record.plan, node),
    );
    const { programs, environment: forAll } = this.#options;
    this.#daemons.set(node.name, new NodeDaemon(this.record.plan, node, programs, { ...forAll, ...environment }));
    await this.startDaemon(node.name);
    return node;
  }

  /** A place on the fabric without a daemon: for a router of another make. */
  async addHost(name = `host${this.#nodesMade + 1}`): Promise<NodePlan> {
    const host = planNode(this.record.plan, this.#nodesMade++, name);
    await this.#making.make(
      (state) => ({ ...state, hosts: [...state.hosts, host] }),
      () => addNodeNetwork(this.record.plan, host),
    );
    return host;
  }

  async addNodes(count: number): Promise<readonly NodePlan[]> {
    return Promise.all(Array.from({ length: count }, () => this.addNode()));
  }

  /** Starts the node's daemon and waits until it says that it is ready. */
  async startDaemon(name: string): Promise<void> {
    const daemon = this.#daemon(name);
    await this.#making.make(
      (state) => state,
      () => daemon.start(),
    );
    await this.until(`the daemon of ${name} to serve pods`, async () => (await daemon.status()).serving === true);
  }

  async endDaemon(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#daemon(name).end(signal);
  }

  /** Removes the node's namespace and pods, as if the machine were gone; its objects stay in the store. */
  async loseNode(name: string): Promise<void> {
    const gone = this.node(name);
    const pods = this.pods.filter(({ node }) => node === name);
    await removeNamespaces([...pods, gone].map(({ namespace }) => namespace));
    this.#daemons.delete(name);
    await this.record.change((state) => ({
      ...state,
      nodes: state.nodes.filter((node) => node.name !== name),
      pods: state.pods.filter(({ node }) => node !== name),
    }));
  }

  status(name: string): Promise<StatusAnswer> {
    return this.#daemon(name).status();
  }

  async setCable(name: string, up: boolean): Promise<void> {
    await setCable(this.record.plan, this.node(name), up);
  }

  /** Makes a namespace on the node and has the CNI plugin wire it; `network` adds to what the plugin gets on stdin. */
  async addPod(nodeName: string, network: object = {}): Promise<PodState> {
    const node = this.node(nodeName);
    const { plan } = this.record;
    const taken = new Set(this.pods.map(({ name }) => name));
    let index = 0;
    while (taken.has(planPod(plan, node, index).name)) index++;
    const pod = planPod(plan, node, index);
    const addresses = await this.#making.make(
      (state) => ({ ...state, pods: [...state.pods, pod] }),
      async () => {
        await addNamespace(pod.namespace);
        return wirePod({ ...this.#call(pod), network });
      },
    );
    const wired = { ...pod, ...addresses };
    await this.record.change((state) => ({
      ...state,
      pods: state.pods.map((one) => (one.name === pod.name ? wired : one)),
    }));
    return wired;
  }

  /** Pods one after another on each node but reflectors, the nodes side by side. */
  async addPods(perNode: number): Promise<void> {
    const { reflectors = [] } = this.record.state;
    const nodes = this.nodes.filter(({ name }) => !reflectors.includes(name));
    await Promise.all(
      nodes.map(async ({ name }) => {
        for (let count = 0; count < perNode; count++) await this.addPod(name);
      }),
    );
  }

  async removePod(pod: PodState): Promise<void> {
    await unwirePod(this.#call(pod));
    await this.forgetPod(pod);
  }

  /** Removes the pod's namespace without a word to the CNI plugin, as a crash of the runtime would. */
  async forgetPod(pod: PodState): Promise<void> {
    await removeNamespaces([pod.namespace]);
    await this.record.change((state) => ({ ...state, pods: state.pods.filter(({ name }) => name !== pod.name) }));
  }

  /** Waits until every node has a session with every other, and every kernel the blocks of all others. */
  async untilConverged(): Promise<void> {
    const { families } = this;
    await this.until('the nodes to know each other', async () => {
      const statuses = await Promise.all(this.nodes.map(({ name }) => this.status(name)));
      const routes = await Promise.all(
        this.nodes.map(async ({ name }) =>
          (await Promise.all(families.map((family) => this.routes(name, family)))).flat(),
        ),
      );
      const missing = whatIsMissing(statuses, routes, families.length);
      if (missing !== undefined) throw new LabError('NOT_YET', missing);
      return true;
    });
  }

  routes(name: string, family: 4 | 6 = 4): Promise<readonly string[]> {
    return showRoutes(this.node(name), family);
  }

  ping(pod: { readonly namespace: string }, address: string): Promise<number | undefined> {
    return ping(pod.namespace, address);
  }

  reachability(family: 4 | 6 = 4): Promise<Reachability> {
    return measureReachability(this.pods, family);
  }

  /** Runs a command in the namespace of a node, with the node's environment. */
  exec(name: string, command: readonly string[], options: RunOptions = {}): Promise<Output> {
    const node = this.node(name);
    const env = { ...process.env, ...nodeEnvironment(this.record.plan, node), ...options.env };
    return run(inNamespace(node.namespace, command), { ...options, env });
  }

  calicoctl(name: string, args: readonly string[], input?: string): Promise<Output> {
    return this.exec(name, [...this.#options.programs.calicoctl, ...args], input === undefined ? {} : { input });
  }

  until<T>(what: string, look: () => Promise<T | undefined | false>, timeout?: number): Promise<T> {
    return until(this.#clock, what, look, { signal: this.#making.signal, ...(timeout !== undefined && { timeout }) });
  }

  node(name: string): NodePlan {
    const node = [...this.nodes, ...this.record.state.hosts].find((one) => one.name === name);
    if (node === undefined)
      throw new LabError(
        'NO_NODE',
        `there is no node '${name}'; there are: ${this.nodes.map((one) => one.name).join(', ')}`,
      );
    return node;
  }

  /** Ends every process and removes everything; what is still under way is let finish first, so that it is removed too. */
  async stop(): Promise<void> {
    await this.#making.stop();
    await removeLab(this.record);
  }

  #call(pod: PodPlan): PodCall {
    return { lab: this.record.plan, node: this.node(pod.node), pod, programs: this.#options.programs };
  }

  #daemon(name: string): NodeDaemon {
    this.node(name);
    return this.#daemons.get(name)!;
  }
}
