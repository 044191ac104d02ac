import * as z from 'zod';
import { RequestRefused } from '../control/index.ts';
import { cleaned, withFieldNames } from '../model/index.ts';

/** Calico writes these as text. */
const stringFlag = (fallback: boolean) =>
  z
    .union(
      [z.boolean(), z.stringFormat('flag', /^(true|false)$/i).transform((text) => text.toLowerCase() === 'true')],
      'must be true or false, or the text "true" or "false"',
    )
    .default(fallback);

/** The least that a link of IPv4 may have (RFC 791). */
const LEAST_MTU = 68;
const MTU = `must be a number from ${LEAST_MTU} to 65535, or 0, the node's own`;
/** People write it as text, too. */
const mtu = z.preprocess(
  (value) => (typeof value === 'string' && /^[0-9]{1,5}$/.test(value) ? Number(value) : value),
  z
    .int(MTU)
    .max(65535, MTU)
    .refine((value) => value === 0 || value >= LEAST_MTU, MTU),
);

const schema = z.looseObject({
  mtu: mtu.optional(),
  ipam: z
    .looseObject({
      type: z.string().optional(),
      assign_ipv4: stringFlag(true),
      assign_ipv6: stringFlag(false),
      ipv4_pools: z.array(z.string()).optional(),
      ipv6_pools: z.array(z.string()).optional(),
    })
    .default({ assign_ipv4: true, assign_ipv6: false }),
  /** Calico knows programs besides itself that wire pods: here none does. */
  dataplane_options: z
    .looseObject({ type: z.undefined("must not be there: pods are wired by vRouter's daemon alone").optional() })
    .optional(),
  container_settings: z.looseObject({ allow_ip_forwarding: z.boolean().default(false) }).optional(),
  include_default_routes: z.boolean().default(false),
  feature_control: z
    .looseObject({ ip_addrs_no_ipam: z.boolean().default(false), floating_ips: z.boolean().default(false) })
    .optional(),
});

export type NetworkConfig = z.infer<typeof schema>;

/** CNI's "invalid network config". */
const INVALID_CONFIG = 7;

/**
 * The keys of the plugin's network configuration that the daemon acts on, read as Go reads JSON: in any case, and null is as
 * good as none. An MTU of 0 means "the node's".
 */
export function networkConfig(config: Readonly<Record<string, unknown>>): NetworkConfig {
  const parsed = schema.safeParse(withFieldNames(schema, cleaned(config)));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw new RequestRefused('CONFIG', `network configuration key '${path.join('.')}': ${message}`, INVALID_CONFIG);
  }
  const { mtu, ...rest } = parsed.data;
  return mtu === undefined || mtu === 0 ? rest : { mtu, ...rest };
}
