import { type Clock, type Log, same } from '../../base/index.ts';
import { AlreadyExists, NotFound, type Store, type Update, UpdateConflict } from '../../datastore/index.ts';
import type { HostEndpoint, Node } from '../../model/index.ts';
import { Kept } from '../kept.ts';
import { type HostEndpointSettings, isCreatedHere, planHostEndpoints, saysTheSame } from './host-endpoint-plan.ts';
import { KnownHostEndpoints } from './known-host-endpoints.ts';

/** How often the settings are looked at, in milliseconds: as often as the leader reads them. */
const PERIOD = 10_000;
/** All nodes are compared this often, whether there was news or not; kube-controllers' reconcilerPeriod. */
const COMPARISON = 5 * 60_000;
/** News come in crowds when many nodes start. */
const GATHERING = 1000;

export interface HostEndpointsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** The settings as the leader read them last. */
  readonly settings: () => HostEndpointSettings | undefined;
}

/**
 * The host endpoints that make themselves (`controllers.node.hostEndpoint`), while this node leads: each Node has those
 * that the settings say, and no other with our label. A Node that changes costs that Node's endpoints; without news
 * nothing is asked.
 */
export class HostEndpoints {
  readonly #options: HostEndpointsOptions;
  readonly #nodes = new Map<string, Node>();
  readonly #endpoints = new KnownHostEndpoints();
  /** Nodes whose endpoints may not be as they should. */
  #changed = new Set<string>();
  #comparedAt = Number.NEGATIVE_INFINITY;
  #settings: HostEndpointSettings | undefined;
  #templateProblems: readonly string[] = [];
  #kept: Kept | undefined;

  constructor(options: HostEndpointsOptions) {
    this.#options = options;
  }

  /** Takes in a syncer's batch; other kinds than these two are passed over. */
  apply(batch: readonly Update[]): void {
    for (const { key, resource } of batch) {
      if (key.kind === 'Node') {
        const known = this.#nodes.get(key.name);
        if (resource === undefined) this.#nodes.delete(key.name);
        else this.#nodes.set(key.name, resource as Node);
        if (!isAlike(known, resource as Node | undefined)) this.#news([key.name]);
      } else if (key.kind === 'HostEndpoint') {
        this.#news(this.#endpoints.heard(key.name, resource as HostEndpoint | undefined));
      }
    }
  }

  /** This node leads from now on, and knows all Nodes and host endpoints. */
  start(): void {
    const { clock, log } = this.#options;
    this.#comparedAt = Number.NEGATIVE_INFINITY;
    const retry = { first: 1000, max: 60_000 };
    this.#kept = new Kept({ clock, log, period: PERIOD, retry, look: (attempt) => this.#look(attempt) });
    this.#kept.begin();
  }

  /** Another may lead. */
  async stop(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    this.#templateProblems = [];
    this.#changed.clear();
    await kept?.stop();
  }

  problems(): readonly string[] {
    return this.#kept === undefined ? [] : [...this.#kept.problems(), ...this.#templateProblems];
  }

  /** Drops the news while another node leads: the first look as leader compares all. */
  #news(nodes: readonly string[]): void {
    if (this.#kept === undefined || nodes.length === 0) return;
    for (const node of nodes) this.#changed.add(node);
    this.#kept.after(GATHERING);
  }

  async #look(attempt: Parameters<ConstructorParameters<typeof Kept>[0]['look']>[0]): Promise<void> {
    const { clock, settings } = this.#options;
    const now = settings();
    if (!same(now, this.#settings) || clock.now() - this.#comparedAt >= COMPARISON) {
      this.#settings = now;
      this.#comparedAt = clock.now();
      this.#templateProblems = [];
      for (const node of [...this.#nodes.keys(), ...this.#endpoints.owners()]) this.#changed.add(node);
    }
    const nodes = this.#changed;
    this.#changed = new Set();
    for (const node of nodes) {
      await attempt(`the host endpoints of ${node}`, async () => {
        try {
          await this.#keep(node);
        } catch (error) {
          this.#changed.add(node);
          throw error;
        }
      });
    }
  }

  /** All of a node's are tried before a failure is told. */
  async #keep(name: string): Promise<void> {
    const node = this.#nodes.get(name);
    const { endpoints, problems } =
      node === undefined ? { endpoints: [], problems: [] } : planHostEndpoints(node, this.#settings);
    this.#noteTemplates(problems);
    const failures: unknown[] = [];
    const attempt = (work: Promise<void>): Promise<void> => work.catch((error) => void failures.push(error));
    for (const planned of endpoints) await attempt(this.#put(planned));
    // An endpoint of a template that nobody understands may be what protects the node: it stays.
    const names = new Set(endpoints.map(({ metadata }) => metadata.name));
    const others = problems.length > 0 ? [] : this.#endpoints.of(name).filter((other) => !names.has(other));
    if (others.length > 0 && (node !== undefined || !(await this.#isThere(name)))) {
      for (const other of others) await attempt(this.#remove(other));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #put(planned: HostEndpoint): Promise<void> {
    const { name } = planned.metadata;
    for (let turn = 0; ; turn++) {
      const found = this.#endpoints.get(name);
      if (found !== undefined && !isCreatedHere(found)) throw new Error(taken(name));
      if (found !== undefined && saysTheSame(found, planned)) return;
      try {
        this.#endpoints.wrote(await this.#write(found, planned));
        return;
      } catch (error) {
        if (turn > 0 || !isOvertaken(error)) throw error;
        await this.#refresh(name);
      }
    }
  }

  #write(found: HostEndpoint | undefined, planned: HostEndpoint): Promise<HostEndpoint> {
    const { store } = this.#options;
    if (found === undefined) return store.create(planned);
    const annotations = { ...found.metadata.annotations, ...planned.metadata.annotations };
    const { labels } = planned.metadata;
    return store.update({ ...found, metadata: { ...found.metadata, labels, annotations }, spec: planned.spec });
  }

  /** Only while it is the one that has our label. */
  async #remove(name: string): Promise<void> {
    const found = this.#endpoints.get(name);
    if (found === undefined) return;
    const { resourceVersion, uid } = found.metadata;
    try {
      await this.#options.store.delete({ kind: 'HostEndpoint', name }, { resourceVersion, uid });
      this.#endpoints.forget(name);
    } catch (error) {
      if (isOvertaken(error)) await this.#refresh(name);
      if (!(error instanceof NotFound)) throw error;
    }
  }

  async #refresh(name: string): Promise<void> {
    const found = await this.#options.store.get({ kind: 'HostEndpoint', name });
    if (found === undefined) this.#endpoints.forget(name);
    else this.#endpoints.wrote(found);
  }

  /** The syncer tells of one kind before the other: a Node may have come that we haven't heard of. */
  async #isThere(node: string): Promise<boolean> {
    return (await this.#options.store.get({ kind: 'Node', name: node })) !== undefined;
  }

  #noteTemplates(problems: readonly string[]): void {
    for (const problem of problems) {
      if (this.#templateProblems.includes(problem)) continue;
      this.#templateProblems = [...this.#templateProblems, problem];
      this.#options.log.warn({}, problem);
    }
  }
}

/** Kubelet writes its Node all day long; of that nothing follows here. */
function isAlike(known: Node | undefined, told: Node | undefined): boolean {
  return same(known?.spec, told?.spec) && same(known?.metadata.labels, told?.metadata.labels);
}

function isOvertaken(error: unknown): boolean {
  return error instanceof UpdateConflict || error instanceof AlreadyExists || error instanceof NotFound;
}

function taken(name: string): string {
  return `HostEndpoint(${name}) was made by somebody else: remove it, or label it projectcalico.org/created-by: calico-kube-controllers`;
}
