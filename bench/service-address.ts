/** The cluster address of the Service with this number. */
export function serviceAddress(at: number): string {
  return `10.${96 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`;
}
