import type { Node, ResourceOf } from '../model/index.ts';
import type { World } from '../policy/index.ts';
import type { Cell } from './cell.ts';
import type { Desired } from './desired/index.ts';
import { type GraphOptions, graph } from './graph.ts';
import type { InputKind } from './projections.ts';
import { Sources, type Update } from './sources.ts';

/**
 * The brain: remembers what it needs of the resources and works out what this node should be. Pure and synchronous.
 * `apply` only notes; `desired` works out again what follows from the changes, and keeps everything else as it was.
 */
export class Calculation {
  readonly #nodename: string;
  readonly #sources: Sources;
  readonly #desired: Cell<Desired>;
  readonly #world: Cell<World>;
  /** Whether other nodes' pods count, as of the last look. */
  #isRestricted = false;

  constructor(options: GraphOptions) {
    this.#nodename = options.nodename;
    this.#sources = new Sources(options.nodename);
    const { desired, world } = graph(this.#sources, options);
    this.#desired = desired;
    this.#world = world;
  }

  /** Whether any of the updates says something new; if not, `desired` is what it was. */
  apply(updates: readonly Update[]): boolean {
    let isNew = false;
    for (const update of updates) {
      const news = this.#sources.take(update);
      // Where nothing restricts anybody, nobody asks who the others are.
      if (news === 'news' || (news === 'of others' && this.#isRestricted)) isNew = true;
    }
    return isNew;
  }

  /** What this node should be, given all that was applied. */
  desired(): Desired {
    const desired = this.#desired();
    this.#isRestricted = desired.policy !== undefined;
    return desired;
  }

  /** The cluster as a judge of policy sees it, given all that was applied: all nodes' pods, and what holds for them. */
  world(): World {
    return this.#world();
  }

  /** Updates so far that said nothing new, by kind: heartbeats, conditions, other nodes' pods. */
  get ignored(): ReadonlyMap<InputKind, number> {
    return this.#sources.ignored;
  }

  /** Of all that was applied, what this node's state depends on. */
  inputs(): readonly ResourceOf<InputKind>[] {
    return this.#sources.resources();
  }

  /** The node's own Node resource, as far as the calculation reads it. */
  get node(): Node | undefined {
    return this.#sources.of('Node')().get(this.#nodename);
  }
}
