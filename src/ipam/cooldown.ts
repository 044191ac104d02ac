import type { Clock } from '../base/index.ts';
import type { EffectiveIPAMConfiguration } from '../model/index.ts';
import { withoutUnused } from './attributes.ts';
import { type BlockSpec, touched } from './block.ts';

/**
 * Addresses that rest between two owners (`ipCooldownSeconds`). One that is given back stays in the block's
 * `allocations` under its last owner, with `releasedAt`, so that nobody gets it, whatever version they are of. When
 * its time is over it counts as free for whoever reads the block, and goes to the end of the queue with the next write.
 */
export class Cooldown {
  readonly #clock: Clock;
  /** Milliseconds; undefined until the settings have been seen: then everything rests on. */
  #period: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  follow({ ipCooldownSeconds }: EffectiveIPAMConfiguration): void {
    this.#period = ipCooldownSeconds * 1000;
  }

  /** The time that is noted for addresses given back now; undefined: they are free at once. */
  get restFrom(): number | undefined {
    return this.#period === undefined || this.#period === 0 ? undefined : this.#clock.wallTime();
  }

  /** The block with all that has rested enough free; the same one if there is nothing such. */
  thaw(block: BlockSpec): BlockSpec {
    return this.#period === undefined ? block : thawed(block, this.#period, this.#clock.wallTime());
  }
}

/** Frees what has rested for `period` milliseconds, in the order in which it was given back. */
export function thawed(block: BlockSpec, period: number, wallTime: number): BlockSpec {
  const due = new Map<number, number>();
  for (const [index, { releasedAt }] of block.attributes.entries()) {
    if (releasedAt === undefined) continue;
    const since = Date.parse(releasedAt);
    // A time that can't be read, or lies far ahead, must not keep an address for ever.
    const rests = Math.abs(wallTime - since) < period;
    if (!rests) due.set(index, Number.isNaN(since) ? 0 : since);
  }
  if (due.size === 0) return block;
  const age = (ordinal: number): number => due.get(block.allocations[ordinal] ?? -1) ?? 0;
  const ordinals = [...block.allocations.keys()].filter((ordinal) => due.has(block.allocations[ordinal] ?? -1));
  const allocations = [...block.allocations];
  const sequences: Record<string, bigint> = { ...block.sequenceNumberForAllocation };
  for (const ordinal of ordinals) {
    allocations[ordinal] = null;
    delete sequences[ordinal];
  }
  return touched({
    ...block,
    ...withoutUnused(allocations, block.attributes),
    unallocated: [...block.unallocated, ...ordinals.sort((a, b) => age(a) - age(b))],
    sequenceNumberForAllocation: sequences,
  });
}
