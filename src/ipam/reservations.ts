import {
  type Address,
  containsAddress,
  containsPrefix,
  overlaps,
  type Prefix,
  prefixSize,
  tryParsePrefix,
} from '../base/index.ts';
import type { IPReservation } from '../model/index.ts';

/** Addresses that automatic assignment must leave alone. What was given out before, or is asked for by name, stays. */
export class Reservations {
  readonly #cidrs: readonly Prefix[];

  constructor(objects: readonly IPReservation[]) {
    this.#cidrs = objects.flatMap(({ spec }) =>
      (spec.reservedCIDRs ?? []).flatMap((cidr) => tryParsePrefix(withLength(cidr)) ?? []),
    );
  }

  has(at: Address): boolean {
    return this.#cidrs.some((cidr) => containsAddress(cidr, at));
  }

  /** Every address of the block is reserved, by one reservation or by several together. */
  coversAll(block: Prefix): boolean {
    return this.countIn(block) === prefixSize(block);
  }

  /** How many addresses of the block are reserved; overlapping reservations count once. */
  countIn(block: Prefix): bigint {
    const inside = this.#cidrs.filter((cidr) => overlaps(cidr, block));
    if (inside.some((cidr) => containsPrefix(cidr, block))) return prefixSize(block);
    // CIDRs are nested or disjoint, so counting those that no other one holds counts each address once.
    const outermost = inside.filter(
      (cidr, index) =>
        !inside.some(
          (other, at) => at !== index && containsPrefix(other, cidr) && (at < index || !containsPrefix(cidr, other)),
        ),
    );
    return outermost.reduce((sum, cidr) => sum + prefixSize(cidr), 0n);
  }

  touches(block: Prefix): boolean {
    return this.#cidrs.some((cidr) => overlaps(cidr, block));
  }
}

/** Calico takes a bare address for a reservation of one. */
function withLength(cidr: string): string {
  if (cidr.includes('/')) return cidr;
  return cidr.includes(':') ? `${cidr}/128` : `${cidr}/32`;
}
