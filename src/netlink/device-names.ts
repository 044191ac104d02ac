import type { Link } from './kernel.ts';

/** Names of devices by index, for what refers to a device by its index. */
export type DeviceNames = ReadonlyMap<number, string>;

export function deviceNames(links: readonly Link[]): DeviceNames {
  return new Map(links.map(({ index, name }) => [index, name]));
}
