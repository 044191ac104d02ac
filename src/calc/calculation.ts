import { same } from '../base/index.ts';
import type { IPPool, Node, ResourceOf } from '../model/index.ts';
import { setKey, type World } from '../policy/index.ts';
import { type Cell, cell } from './cell.ts';
import type { Desired, DesiredPaths } from './desired/index.ts';
import type { DesiredPolicy } from './desired/policy.ts';
import { type GraphOptions, graph } from './graph.ts';
import { desiredPaths } from './paths.ts';
import type { InputKind } from './projections.ts';
import type { SecretContent } from './protection.ts';
import type { AdvertisedAddress } from './service-advertising.ts';
import type { ServiceCells } from './service-cells.ts';
import { type News, Sources, type SourceUpdate } from './sources.ts';

/**
 * The brain: remembers what it needs of the resources and works out what this node should be. Pure and synchronous.
 * `apply` only notes; `desired` works out again what follows from the changes, and keeps everything else as it was.
 */
export class Calculation {
  readonly #nodename: string;
  readonly #sources: Sources;
  readonly #desired: Cell<Desired>;
  readonly #world: Cell<World>;
  readonly #services: Pick<ServiceCells, 'isAsked' | 'heeds' | 'advertised'>;
  readonly #secretNames: Cell<readonly string[]>;
  readonly #paths: Cell<DesiredPaths>;
  readonly #worldIf: (updates: readonly SourceUpdate[]) => World;
  /** The policy that pods are held to as of the last look: it tells whose news count. */
  #held: DesiredPolicy | undefined;

  constructor(options: GraphOptions) {
    this.#nodename = options.nodename;
    this.#sources = new Sources(options.nodename);
    const { desired, services, secretNames, world, worldIf } = graph(this.#sources, options);
    this.#desired = desired;
    this.#services = services;
    this.#secretNames = secretNames;
    const { nodename } = options;
    this.#paths = cell([this.#sources.of('Node')], (all) => desiredPaths(nodename, all.values()), same);
    this.#world = world;
    this.#worldIf = worldIf;
  }

  /** Whether any of the updates says something new; if not, `desired` is what it was. */
  apply(updates: readonly SourceUpdate[]): boolean {
    let isNew = false;
    for (const update of updates) {
      const news = this.#sources.take(update);
      if (news !== undefined && this.#counts(news)) isNew = true;
    }
    return isNew;
  }

  /**
   * Where nothing restricts anybody, nobody asks who the others are; where no services are announced, what they are;
   * and what is behind a service only where a rule names it or its announcement depends on it.
   */
  #counts(news: News): boolean {
    if (news === 'of services') return this.#services.isAsked();
    if (typeof news === 'string') return news === 'news' || this.#held !== undefined;
    const named = (kind: 'service' | 'service addresses', text: string): boolean => {
      const [namespace, name] = text.split('/');
      return this.#held?.sets.get(setKey({ kind, service: { namespace, name } })) !== undefined;
    };
    const counts = (service: string): boolean => named('service', service) || named('service addresses', service);
    return news.some((service) => counts(service) || this.#services.heeds(service));
  }

  /** Notes what a Secret holds, undefined where there is none: whether that is new. */
  setSecret(name: string, data: SecretContent | undefined): boolean {
    return this.#sources.setSecret(name, data);
  }

  /** The names of the Secrets that sessions of this node are protected by. */
  secretNames(): readonly string[] {
    return this.#secretNames();
  }

  /** Works out which addresses of Services this node announces, and why or why not: for people. */
  advertised(): readonly AdvertisedAddress[] {
    return this.#services.advertised();
  }

  /** Works out the ways that this node probes, where nodes probe each other. */
  paths(): DesiredPaths {
    return this.#paths();
  }

  /** Works out what this node should be, given all that was applied. */
  desired(): Desired {
    const desired = this.#desired();
    this.#held = desired.policy;
    return desired;
  }

  /** The cluster as a judge of policy sees it, given all that was applied: all nodes' pods, and what holds for them. */
  world(): World {
    return this.#world();
  }

  /** The same, were these objects as the updates have them. Nothing is remembered of them. */
  worldIf(updates: readonly SourceUpdate[]): World {
    return this.#worldIf(updates);
  }

  /** Updates so far that said nothing new, by kind: heartbeats, conditions, other nodes' pods. */
  get ignored(): ReadonlyMap<InputKind, number> {
    return this.#sources.ignored;
  }

  /** Of all that was applied, what this node's state depends on. */
  inputs(): readonly ResourceOf<InputKind>[] {
    return this.#sources.resources();
  }

  /** The cluster's nodes and pools, as far as the calculation reads them. */
  get nodes(): readonly Node[] {
    return this.#sources.of('Node')().toJSON();
  }

  get pools(): readonly IPPool[] {
    return this.#sources.of('IPPool')().toJSON();
  }

  /** The node's own Node resource, as far as the calculation reads it. */
  get node(): Node | undefined {
    return this.#sources.of('Node')().get(this.#nodename);
  }
}
