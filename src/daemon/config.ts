import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import * as z from 'zod';
import { reasonOf, VRouterError } from '../base/index.ts';
import type { FelixSettings } from '../calc/index.ts';
import { DEFAULT_SOCKET } from '../control/index.ts';
import { DEFAULT_LEDGER } from '../ipam/index.ts';
import { poolProblems } from '../keeping/index.ts';
import { shown } from '../model/index.ts';
import {
  asn,
  autodetection,
  cidrs,
  denyAction,
  encapsulation,
  endpointToHost,
  flag,
  host,
  interfacePrefix,
  level,
  metricAliases,
  nodeAddress,
  nodename,
  poolCidr,
  routerId,
  socketPath,
  whole,
} from './config-fields.ts';
import { portProblems } from './port-problems.ts';
import { DEFAULT_SNAPSHOT } from './snapshot-keeping.ts';

/** Where plugins that ask no daemon read the MTU for pods, as in Calico. */
const DEFAULT_MTU_FILE = '/var/lib/calico/mtu';

/** A setting that can't be used. The message names the setting, where it came from, its value, and what is allowed. */
export class ConfigError extends VRouterError {
  constructor(message: string) {
    super('CONFIG', message);
  }
}

/** Every setting of the daemon: its name as Calico has it, what it may be, and its default. */
const schema = z.object({
  NODENAME: nodename.optional(),
  CALICO_NODENAME_FILE: z.string().default('/var/lib/calico/nodename'),
  IP: nodeAddress(4).default(''),
  IP6: nodeAddress(6).default(''),
  IP_AUTODETECTION_METHOD: autodetection(4).default('first-found'),
  IP6_AUTODETECTION_METHOD: autodetection(6).default('first-found'),
  AS: asn.optional(),
  CALICO_ROUTER_ID: routerId.optional(),
  CALICO_NETWORKING_BACKEND: z.enum(['bird', 'vxlan', 'none'], 'bird, vxlan or none').default('bird'),
  /** Announced in place of `serviceClusterIPs` of BGPConfiguration. */
  CALICO_ADVERTISE_CLUSTER_IPS: cidrs.optional(),
  CLUSTER_TYPE: z.string().default(''),
  CALICO_K8S_NODE_REF: z.string().default(''),
  NO_DEFAULT_POOLS: flag.default(false),
  DISABLE_NODE_IP_CHECK: flag.default(false),
  WAIT_FOR_DATASTORE: flag.default(true),
  CALICO_IPV4POOL_CIDR: poolCidr(4).optional(),
  CALICO_IPV4POOL_BLOCK_SIZE: whole(20, 32).default(26),
  CALICO_IPV4POOL_IPIP: encapsulation.default('Never'),
  CALICO_IPV4POOL_VXLAN: encapsulation.default('Never'),
  CALICO_IPV4POOL_NAT_OUTGOING: flag.default(true),
  CALICO_IPV4POOL_NODE_SELECTOR: z.string().default('all()'),
  CALICO_IPV4POOL_DISABLE_BGP_EXPORT: flag.default(false),
  CALICO_IPV6POOL_CIDR: poolCidr(6).optional(),
  CALICO_IPV6POOL_BLOCK_SIZE: whole(116, 128).default(122),
  CALICO_IPV6POOL_VXLAN: encapsulation.default('Never'),
  CALICO_IPV6POOL_NAT_OUTGOING: flag.default(false),
  CALICO_IPV6POOL_NODE_SELECTOR: z.string().default('all()'),
  CALICO_IPV6POOL_DISABLE_BGP_EXPORT: flag.default(false),
  FELIX_INTERFACEPREFIX: interfacePrefix.default('cali'),
  /** Goes before what FelixConfiguration says, as with Felix. */
  FELIX_DEFAULTENDPOINTTOHOSTACTION: endpointToHost.optional(),
  FELIX_IPTABLESFILTERDENYACTION: denyAction.optional(),
  FELIX_NFTABLESFILTERDENYACTION: denyAction.optional(),
  FELIX_LOGSEVERITYSCREEN: level.default('info'),
  FELIX_HEALTHHOST: host.default('localhost'),
  FELIX_HEALTHPORT: whole(0, 65535).default(9099),
  FELIX_PROMETHEUSMETRICSENABLED: flag.default(false),
  FELIX_PROMETHEUSMETRICSHOST: host.default('0.0.0.0'),
  FELIX_PROMETHEUSMETRICSPORT: whole(0, 65535).default(9091),
  /** Whether people may read the page where only this machine reads the health page. */
  VROUTER_PAGE: flag.default(true),
  /** Where the page is besides; empty: nowhere. An address that others reach needs TLS and a token. */
  VROUTER_PAGE_HOST: z.union([z.literal(''), host], 'a host name or an address').default(''),
  VROUTER_PAGE_PORT: whole(0, 65535).default(9179),
  VROUTER_PAGE_TLS_CERT: z.string().default(''),
  VROUTER_PAGE_TLS_KEY: z.string().default(''),
  VROUTER_PAGE_TOKEN_FILE: z.string().default(''),
  FELIX_ROUTEREFRESHINTERVAL: whole(0, 86400).default(90),
  /** Whose names metrics are shown by besides ours. */
  VROUTER_METRIC_ALIASES: metricAliases.default([]),
  /** Seconds from probe to probe of the paths to other nodes; 0: none are probed. */
  VROUTER_PATH_PROBE_INTERVAL: whole(0, 3600).default(0),
  /** The UDP port that probes of all nodes come from and go to. */
  VROUTER_PATH_PROBE_PORT: whole(1, 65535).default(9178),
  /** Whether each rule of a policy counts in the kernel, for Prometheus. */
  VROUTER_POLICY_RULE_COUNTERS: flag.default(false),
  /** Whether a Kubernetes event beside a pod tells of packets that policy has dropped. */
  VROUTER_POLICY_DROP_EVENTS: flag.default(false),
  VROUTER_SOCKET: socketPath.default(DEFAULT_SOCKET),
  /** The book of who had which address when; `none`: no book is kept. */
  VROUTER_IPAM_LEDGER: z.string().min(1).default(DEFAULT_LEDGER),
  /** Where the pods' MTU is written down; `none`: nowhere. */
  VROUTER_MTU_FILE: z.string().min(1).default(DEFAULT_MTU_FILE),
  /** The snapshot for a start while the datastore is away; `none`: the daemon waits. */
  VROUTER_SNAPSHOT: z.string().min(1).default(DEFAULT_SNAPSHOT),
  /** Seconds: an older one is not used. */
  VROUTER_SNAPSHOT_MAX_AGE: whole(0, 31_536_000).default(86_400),
  /** Seconds; 0 switches keepalives off. */
  VROUTER_BGP_HOLD_TIME: whole(0, 65535)
    .refine((value) => value === 0 || value >= 3, '0, or 3 to 65535 seconds')
    .default(90),
  VROUTER_BGP_CONNECT_RETRY_TIME: whole(1, 65535).default(30),
  VROUTER_BGP_RESTART_TIME: whole(0, 4095).default(120),
  /**
   * Most seconds that routes of a peer are kept while it is away, whatever it asks for; the second for long-lived ones.
   */
  VROUTER_BGP_MAX_RESTART_TIME: whole(0, 4095).optional(),
  VROUTER_BGP_MAX_STALE_TIME: whole(0, 16_777_215).optional(),
  /** Whether sessions offer RFC 8538: routes are kept after NOTIFICATIONs and hold times that ran out, too. */
  VROUTER_BGP_GRACEFUL_NOTIFICATION: flag.default(false),
});

export type DaemonConfig = Readonly<Omit<z.infer<typeof schema>, 'NODENAME'>> & { readonly NODENAME: string };
export const SETTINGS = Object.keys(schema.shape) as readonly (keyof z.infer<typeof schema>)[];

/** The daemon's own settings that take the place of FelixConfiguration. */
export function felixOf(config: DaemonConfig): FelixSettings {
  const {
    FELIX_DEFAULTENDPOINTTOHOSTACTION: toHost,
    FELIX_IPTABLESFILTERDENYACTION: iptables,
    FELIX_NFTABLESFILTERDENYACTION: nftables,
  } = config;
  return {
    ...(toHost !== undefined && { defaultEndpointToHostAction: toHost }),
    ...(iptables !== undefined && { iptablesFilterDenyAction: iptables }),
    ...(nftables !== undefined && { nftablesFilterDenyAction: nftables }),
  };
}

/**
 * The daemon's settings: flags before environment before file before defaults. `overrides` are the flags, by setting
 * name; unknown names in the file or in flags are refused, since they are most likely misspelt.
 */
export async function readConfig(
  env: Readonly<Record<string, string | undefined>>,
  overrides: Readonly<Record<string, string>> = {},
  file?: string,
): Promise<DaemonConfig> {
  const fromFile = file === undefined ? {} : await readSettings(file);
  refuseUnknown(Object.keys(fromFile), file ?? '');
  refuseUnknown(Object.keys(overrides), 'command line');
  const merged: Record<string, unknown> = { ...fromFile };
  for (const name of SETTINGS) {
    // Blank is as good as none, and blanks around a value are none of it.
    const given = env[name]?.trim() ?? '';
    if (given !== '') merged[name] = given;
  }
  Object.assign(merged, overrides);
  const parsed = schema.safeParse(merged);
  const sourceOf = (name: string): string =>
    Object.hasOwn(overrides, name) ? 'command line' : env[name] ? 'environment' : (file ?? 'default');
  const wrong = (name: string, allowed: string): string =>
    `${name}='${shown(String(merged[name] ?? ''))}' (${sourceOf(name)}) is not valid: allowed is ${allowed}`;
  if (!parsed.success) {
    // Of a value that breaks several rules the first one tells enough.
    const first = new Map<string, string>();
    for (const { path, message } of parsed.error.issues)
      if (!first.has(String(path[0]))) first.set(String(path[0]), message);
    throw new ConfigError([...first].map(([name, message]) => wrong(name, message)).join('\n'));
  }
  const config = parsed.data;
  const problems = [...poolProblems(config, new Set(Object.keys(merged))), ...portProblems(config)];
  if (problems.length > 0) throw new ConfigError(problems.map(({ name, allowed }) => wrong(name, allowed)).join('\n'));
  return Object.freeze({ ...config, NODENAME: config.NODENAME || defaultNodename(config.CALICO_NODENAME_FILE, env) });
}

/** As calico/node: the file a former start left, then `HOSTNAME`, then the system's name. */
function defaultNodename(file: string, env: Readonly<Record<string, string | undefined>>): string {
  try {
    const written = readFileSync(file, 'utf8').trim();
    if (written !== '') return written;
  } catch {
    // No file yet: this is the first start.
  }
  return (env['HOSTNAME']?.trim() || hostname().trim()).toLowerCase();
}

async function readSettings(file: string): Promise<Readonly<Record<string, unknown>>> {
  let value: unknown;
  try {
    const text = readFileSync(file, 'utf8');
    // A daemon without such a file does without the parser's memory.
    value = (await import('js-yaml')).loadAll(text)[0];
  } catch (error) {
    throw new ConfigError(`configuration file ${file}: ${reasonOf(error)}`);
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new ConfigError(`configuration file ${file}: expected lines such as 'NODENAME: node1'`);
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, setting]) => [name, typeof setting === 'number' ? String(setting) : setting]),
  );
}

function refuseUnknown(names: readonly string[], source: string): void {
  const known: readonly string[] = SETTINGS;
  for (const name of names) {
    if (known.includes(name) || DATASTORE_SETTING.test(name)) continue;
    throw new ConfigError(`${name} (${source}) is not a setting of vrouter daemon; those are ${known.join(', ')}`);
  }
}

/** Settings that `datastore` reads itself. */
const DATASTORE_SETTING = /^(CALICO_)?(DATASTORE_TYPE|SQLITE_PATH|ETCD_|KUBECONFIG|K8S_)/;
