/** The bit of the packet's mark that tells a class chain that a policy passed; Calico's, of its mask 0xffff0000. */
export const PASS_MARK = 0x20000;

export function hex(number: number): string {
  return `0x${number.toString(16)}`;
}
