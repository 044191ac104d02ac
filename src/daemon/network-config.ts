import * as z from 'zod';
import { RequestRefused } from '../control/index.ts';

/** Calico writes these as strings. */
const stringFlag = (fallback: boolean) =>
  z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]).default(fallback);

const schema = z.looseObject({
  mtu: z.number().int().min(0).max(65535).optional(),
  ipam: z
    .looseObject({
      type: z.string().optional(),
      assign_ipv4: stringFlag(true),
      assign_ipv6: stringFlag(false),
      ipv4_pools: z.array(z.string()).optional(),
      ipv6_pools: z.array(z.string()).optional(),
    })
    .default({ assign_ipv4: true, assign_ipv6: false }),
  container_settings: z.looseObject({ allow_ip_forwarding: z.boolean().default(false) }).optional(),
  include_default_routes: z.boolean().default(false),
  feature_control: z
    .looseObject({ ip_addrs_no_ipam: z.boolean().default(false), floating_ips: z.boolean().default(false) })
    .optional(),
});

export type NetworkConfig = z.infer<typeof schema>;

/** CNI's "invalid network config". */
const INVALID_CONFIG = 7;

/** The keys of the plugin's network configuration that the daemon acts on. An MTU of 0 means "the node's". */
export function networkConfig(config: Readonly<Record<string, unknown>>): NetworkConfig {
  const parsed = schema.safeParse(config);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw new RequestRefused('CONFIG', `network configuration key '${path.join('.')}': ${message}`, INVALID_CONFIG);
  }
  const { mtu, ...rest } = parsed.data;
  return mtu === undefined || mtu === 0 ? rest : { mtu, ...rest };
}
