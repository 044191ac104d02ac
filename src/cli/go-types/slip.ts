/** How many letters may be wrong in a slip. */
const SLIP = 2;

/** The name that was probably meant. */
export function nearest(written: string, names: readonly string[]): string | undefined {
  return names.find((name) => isSlip(written.toLowerCase(), name.toLowerCase()));
}

function isSlip(a: string, b: string): boolean {
  return Math.abs(a.length - b.length) <= SLIP && b.length > 2 * SLIP && distance(a, b) <= SLIP;
}

/** Letters to add, drop or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (let at = 0; at < b.length; at++) {
      next.push(Math.min(row[at] + (b[at] === letter ? 0 : 1), row[at + 1] + 1, next[at] + 1));
    }
    row = next;
  }
  return row[b.length];
}
