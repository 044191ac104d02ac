/** Bits of the packet's mark: those that Calico's mask 0xffff0000 begins with. */

/** The packet was accepted before the filter: no later policy of its interface sees it. */
export const ACCEPT_MARK = 0x10000;
/** Tells a class chain that a policy passed. */
export const PASS_MARK = 0x20000;
/** One end of the packet is this host: it comes here from a pod, or was translated on its way out. */
export const LOCAL_MARK = 0x40000;

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
