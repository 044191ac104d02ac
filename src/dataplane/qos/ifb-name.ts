import { createHash } from 'node:crypto';

const PREFIX = 'bwcali';
/** The longest name of a device. */
const LENGTH = 15;

/** The device by which what a pod sends is queued, as Calico names it: the prefix and the SHA-512 of the host end's name. */
export function ifbName(interfaceName: string): string {
  return (PREFIX + createHash('sha512').update(interfaceName).digest('hex')).slice(0, LENGTH);
}

/** Whether a device is one of these, which nobody else makes. */
export function isIfb({ name, kind }: { readonly name: string; readonly kind?: string }): boolean {
  return kind === 'ifb' && name.startsWith(PREFIX);
}
