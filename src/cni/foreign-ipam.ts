import { CniError, cniErrors } from './errors.ts';
import type { CniInput } from './input.ts';

/** IPAM that the daemon does by itself. */
const OWN = ['calico-ipam', undefined];

/** The IPAM plugin that the configuration names beside ours, such as `host-local`. */
export function foreignIpam({ request }: CniInput): string | undefined {
  const ipam = request.config['ipam'] as { type?: unknown } | undefined;
  if (OWN.includes(ipam?.type as string | undefined)) return undefined;
  if (typeof ipam?.type !== 'string' || !/^[a-zA-Z0-9_.-]+$/.test(ipam.type)) {
    throw new CniError(cniErrors.invalidConfig, `ipam.type ${JSON.stringify(ipam?.type)} is not the name of a plugin`);
  }
  return ipam.type;
}
