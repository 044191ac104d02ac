/** The host endpoint of each interface. */

/** The name that stands for every interface. */
export const ALL_INTERFACES = '*';
/** The interface of the host's traffic to itself. The endpoint of all interfaces leaves it alone. */
export const LOOPBACK = 'lo';

export interface ClaimingEndpoint {
  readonly interfaceName?: string | undefined;
  readonly addresses: readonly string[];
}

export interface HostInterfaces {
  /** The endpoint of each interface that has one of its own, by the interface's name. */
  readonly own: ReadonlyMap<string, string>;
  /** The endpoint of all others. */
  readonly others: string | undefined;
  readonly problems: readonly HostInterfaceProblem[];
}

export interface HostInterfaceProblem {
  readonly endpoint: string;
  readonly reason: string;
}

/**
 * An interface's endpoint is the first by name of those that call it by its name, and of those without an interface's
 * name that expect an address which it has. Where there is none it is the first of `*`. `links` are the addresses of
 * the node's interfaces. One that is called by name has its endpoint before it is there.
 */
export function hostInterfaces(
  endpoints: Iterable<readonly [name: string, endpoint: ClaimingEndpoint]>,
  links: ReadonlyMap<string, readonly string[]>,
): HostInterfaces {
  const own = new Map<string, string>();
  const problems: HostInterfaceProblem[] = [];
  let others: string | undefined;
  const byName = [...endpoints].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, { interfaceName, addresses }] of byName) {
    const tell = (reason: string): unknown => problems.push({ endpoint: name, reason });
    if (interfaceName === ALL_INTERFACES) {
      if (others === undefined) others = name;
      else tell(`all interfaces are host endpoint ${others}’s already, whose name comes first`);
      continue;
    }
    const claimed = interfaceName === undefined ? withOneOf(addresses, links) : [interfaceName];
    if (interfaceName === undefined && claimed.length === 0) {
      tell(
        addresses.length === 0
          ? 'it names neither an interface nor an address, so it is on none'
          : `no interface has ${addresses.join(' or ')}`,
      );
    }
    if (interfaceName !== undefined && !links.has(interfaceName)) tell(`there is no interface ${interfaceName} yet`);
    for (const link of claimed) {
      const first = own.get(link);
      if (first === undefined) own.set(link, name);
      else tell(`interface ${link} is host endpoint ${first}’s already, whose name comes first`);
    }
  }
  return { own, others, problems };
}

function withOneOf(addresses: readonly string[], links: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return [...links].filter(([, its]) => addresses.some((address) => its.includes(address))).map(([name]) => name);
}
