/** Statements about bits of the packet's mark; which bits are ours `calc/marks.ts` decides. */

export function isMarked(mark: number): string {
  return `meta mark and ${hex(mark)} == ${hex(mark)}`;
}

export function isUnmarked(mark: number): string {
  return `meta mark and ${hex(mark)} != ${hex(mark)}`;
}

export function setMark(mark: number): string {
  return `meta mark set meta mark or ${hex(mark)}`;
}

export function clearMark(mark: number): string {
  return `meta mark set meta mark and ${hex(0xffffffff - mark)}`;
}

export function hex(number: number): string {
  return `0x${number.toString(16)}`;
}
