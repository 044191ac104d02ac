import {
  type Cancel,
  type Clock,
  formatPrefix,
  type Log,
  prefix,
  reasonOf,
  tryParseInterfaceAddress,
} from '../base/index.ts';
import type { InterfaceAddressEntry, Kernel, Link } from '../netlink/index.ts';

/** Changes of addresses come in swarms; one look serves them all. Milliseconds. */
const SETTLE = 200;
/** As in Calico's BIRD: pods' interfaces, and where kube-proxy in IPVS mode has the services' addresses. */
const NEVER = ['kube-ipvs*'];
/** Tunnels have their addresses of blocks, which are announced whole. */
const TUNNELS = ['tunl0', 'vxlan.calico', 'vxlan-v6.calico', 'wireguard.cali', 'wg-v6.cali'];

/** A network that the node is on, and the name of the interface. */
export interface DirectNetwork {
  readonly cidr: string;
  readonly interfaceName: string;
}

export interface DirectNetworksOptions {
  readonly kernel: Pick<Kernel, 'addressList'>;
  /** The node's links by index, as last seen. */
  readonly links: ReadonlyMap<number, Link>;
  /** How the names of pods' interfaces begin. */
  readonly podPrefix: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The networks of the node's own interfaces, which BIRD knows by its protocol `direct`: they are nobody's to hear of unless
 * a BGPFilter lets them out.
 */
export class DirectNetworks {
  readonly #options: DirectNetworksOptions;
  #entries: readonly InterfaceAddressEntry[] = [];
  #ignored: readonly string[] = [];
  #look: Cancel | undefined;
  #told: readonly DirectNetwork[] = [];
  /** The networks are others now. */
  onChange: () => void = () => {};

  constructor(options: DirectNetworksOptions) {
    this.#options = options;
  }

  /** The same list as before while nothing has changed. */
  get networks(): readonly DirectNetwork[] {
    return this.#told;
  }

  /** Patterns of interfaces that don't count. */
  ignore(patterns: readonly string[]): void {
    this.#ignored = patterns;
    this.#settle();
  }

  /** Links or addresses have changed: looks at them soon. */
  invalidate(): void {
    this.#look ??= this.#options.clock.after(SETTLE, () => {
      this.#look = undefined;
      void this.#list();
    });
  }

  stop(): void {
    this.#look?.();
    this.#look = undefined;
  }

  async #list(): Promise<void> {
    try {
      this.#entries = await this.#options.kernel.addressList();
    } catch (error) {
      this.#options.log.warn(
        { err: reasonOf(error) },
        "the node's addresses can not be read; the next change will tell",
      );
      return;
    }
    if (this.#settle()) this.onChange();
  }

  #settle(): boolean {
    const { links, podPrefix } = this.#options;
    const apart = [`${podPrefix}*`, ...NEVER, ...TUNNELS, ...this.#ignored].map(pattern);
    const now = directNetworks(this.#entries, (index) => {
      const link = links.get(index);
      return link?.up && !apart.some((names) => names.test(link.name)) ? link.name : undefined;
    });
    const isSame = now.length === this.#told.length && now.every((one, at) => textOf(one) === textOf(this.#told[at]));
    if (!isSame) this.#told = now;
    return !isSame;
  }
}

/** Each network once, in its order; `nameOf`: the interface that counts. As in BIRD, none of link-local or host's scope. */
export function directNetworks(
  entries: readonly InterfaceAddressEntry[],
  nameOf: (index: number) => string | undefined,
): readonly DirectNetwork[] {
  const found = new Map<string, string>();
  for (const { address, index, scope, flags } of entries) {
    const [interfaceName, parsed] = [nameOf(index), tryParseInterfaceAddress(address)];
    if (interfaceName === undefined || parsed === undefined || scope !== 'global' || flags.includes('secondary'))
      continue;
    const cidr = formatPrefix(prefix(parsed.address, parsed.length));
    const before = found.get(cidr);
    if (before === undefined || interfaceName < before) found.set(cidr, interfaceName);
  }
  return [...found]
    .map(([cidr, interfaceName]) => ({ cidr, interfaceName }))
    .sort((a, b) => (a.cidr < b.cidr ? -1 : 1));
}

function textOf({ cidr, interfaceName }: DirectNetwork): string {
  return `${cidr} ${interfaceName}`;
}

/** Only `*` has a meaning of its own. */
function pattern(text: string): RegExp {
  return new RegExp(
    `^${text
      .split('*')
      .map((part) => part.replaceAll(/[.\\+?^${}()|[\]]/g, '\\$&'))
      .join('.*')}$`,
  );
}
