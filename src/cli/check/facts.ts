/** The facts about a host before anything is installed on it: plain values, so that judging them needs no host. */
export interface HostFacts {
  /** The version that `nft --version` tells; undefined: there is no nft. */
  readonly nft: string | undefined;
  /** Whether the kernel let us list its tables, or what it said. */
  readonly tables: true | string;
  /** Modules that are loaded, built in, or can be loaded, of those asked for. */
  readonly modules: ReadonlySet<string>;
  /** Whether ip(8) is here, which the image lacks: without it some modules and all routes are not known. */
  readonly hasIp: boolean;
  /** Effective capabilities, as bits of `CapEff`. */
  readonly capabilities: bigint;
  /** By name with dots. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Places that somebody listens on: `tcp/179`. */
  readonly listening: ReadonlySet<string>;
  /** Whether it is our own daemon that runs here. */
  readonly isOursRunning: boolean;
  readonly links: readonly { readonly name: string; readonly mtu: number; readonly isUp: boolean }[];
  /** Names of programs that run (`comm` of proc(5), 15 characters at most). */
  readonly processes: ReadonlySet<string>;
  /** Network configurations of CNI, by file name, with the types of their plugins. */
  readonly cniConfigs: readonly { readonly file: string; readonly types: readonly string[] }[];
  /** The devices that NetworkManager is told to leave alone. */
  readonly unmanaged: string;
  readonly routes: readonly { readonly destination: string; readonly device: string; readonly protocol: string }[];
  /** The cluster's pools, or why the datastore does not tell. */
  readonly pools: readonly string[] | { readonly failure: string };
  /** Whether a BGPPeer asks for BFD. */
  readonly isBfdAsked: boolean;
  /** Whether the clock is known to be set by the network; undefined: nobody says. */
  readonly isClockSet: boolean | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export const MODULES = ['nf_tables', 'nf_conntrack', 'veth', 'vxlan', 'ipip', 'wireguard'] as const;
export const SYSCTLS = [
  'net.ipv4.ip_forward',
  'net.ipv6.conf.all.forwarding',
  'net.ipv4.conf.all.rp_filter',
  'net.netfilter.nf_conntrack_max',
] as const;
