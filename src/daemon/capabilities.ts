import { readFileSync } from 'node:fs';
import { VRouterError } from '../base/index.ts';

/** Without these nothing works; bits of include/uapi/linux/capability.h. */
const NEEDED = { CAP_NET_ADMIN: 12 } as const;

/** The process may not do what a router does. No capability comes to a process that runs. */
export class MissingCapability extends VRouterError {
  constructor(names: readonly string[]) {
    const advice =
      'run it as root, or add that to the unit (AmbientCapabilities=) or to the container (capabilities: add)';
    super('CAPABILITY', `the daemon needs ${names.join(' and ')} in its network namespace: ${advice}`);
  }
}

/** Throws `MissingCapability`. `status` is what /proc/self/status says; where it says nothing, nothing is known. */
export function requireCapabilities(status = ownStatus()): void {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (effective === undefined) return;
  const held = BigInt(`0x${effective}`);
  const lacking = Object.entries(NEEDED).filter(([, bit]) => ((held >> BigInt(bit)) & 1n) === 0n);
  if (lacking.length > 0) throw new MissingCapability(lacking.map(([name]) => name));
}

function ownStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}
