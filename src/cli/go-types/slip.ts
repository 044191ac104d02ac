import { lettersApart } from '../../base/index.ts';

/** How many letters may be wrong in a slip. */
const SLIP = 2;

/** The name that was probably meant. */
export function nearest(written: string, names: readonly string[]): string | undefined {
  return names.find((name) => isSlip(written.toLowerCase(), name.toLowerCase()));
}

function isSlip(a: string, b: string): boolean {
  return Math.abs(a.length - b.length) <= SLIP && b.length > 2 * SLIP && lettersApart(a, b) <= SLIP;
}
