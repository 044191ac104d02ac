import {
  containsAddress,
  type Family,
  parsePrefix,
  tryParseAddress,
  tryParseInterfaceAddress,
  VRouterError,
} from '../base/index.ts';
import type { InterfaceAddressEntry, Kernel, Link } from '../netlink/index.ts';

/** Interfaces that never hold the node's own address: Calico's list. */
const EXCLUDED =
  /^(docker.*|cbr.*|dummy.*|podman.*|virbr.*|lxcbr.*|veth.*|lo|br-.*|cali.*|tunl.*|flannel.*|kube-ipvs.*|cni.*|vxlan\.calico|vxlan-v6\.calico|wireguard\.cali|wg-v6\.cali|nodelocaldns)$/;

/** No address, and what was looked at: a wrong interface is the most common reason for a session that won't come up. */
export class NoAddress extends VRouterError {
  constructor(family: Family, method: string, tried: string) {
    super('NO_ADDRESS', `no IPv${family} address of this node found by '${method}'; ${tried}`);
  }
}

/** What was found, and why it was chosen: for the log. */
export interface Detected {
  /** With the prefix length of its interface, as `192.168.1.7/24`. */
  readonly address: string;
  readonly dev: string;
  readonly why: string;
}

/** The node's address by one of Calico's methods (`IP_AUTODETECTION_METHOD`). */
export async function autodetect(kernel: Kernel, family: Family, method: string): Promise<Detected> {
  const [links, entries] = await Promise.all([kernel.linkList(), kernel.addressList({ family })]);
  const candidates = inReverseOrder(links, entries);
  const [kind, argument = ''] = splitOnce(method);
  switch (kind) {
    case 'can-reach':
      return viaRoute(kernel, family, argument, entries, method);
    case 'interface': {
      const found = firstMatch(argument, (pattern) => candidates.find(({ dev }) => matches(pattern, dev)));
      return answer(found, family, method, candidates, `its interface matches '${argument}'`);
    }
    case 'skip-interface': {
      const patterns = argument.split(',');
      const rest = candidates.filter(
        ({ dev }) => !EXCLUDED.test(dev) && !patterns.some((pattern) => matches(pattern, dev)),
      );
      return answer(rest[0], family, method, candidates, `first interface that '${argument}' does not skip`);
    }
    case 'cidr': {
      const cidrs = argument.split(',').map((cidr) => parsePrefix(cidr.trim(), 'IP_AUTODETECTION_METHOD'));
      const inside = ({ address }: InterfaceAddressEntry): boolean => {
        const parsed = tryParseInterfaceAddress(address);
        return parsed !== undefined && cidrs.some((cidr) => containsAddress(cidr, parsed.address));
      };
      return answer(candidates.find(inside), family, method, candidates, `inside ${argument}`);
    }
    case 'kubernetes-internal-ip':
      throw new NoAddress(family, method, 'the Kubernetes datastore is needed for this method');
    default: {
      const rest = candidates.filter(({ dev }) => !EXCLUDED.test(dev));
      return answer(rest[0], family, method, candidates, 'first valid address, latest interface first');
    }
  }
}

/** Calico looks at the interface with the highest index first. */
function inReverseOrder(
  links: readonly Link[],
  entries: readonly InterfaceAddressEntry[],
): readonly InterfaceAddressEntry[] {
  const up = new Map(links.filter((link) => link.up).map((link) => [link.name, link.index]));
  return entries
    .filter(({ dev, scope }) => up.has(dev) && scope === 'global')
    .sort((a, b) => (up.get(b.dev) ?? 0) - (up.get(a.dev) ?? 0));
}

function answer(
  found: InterfaceAddressEntry | undefined,
  family: Family,
  method: string,
  candidates: readonly InterfaceAddressEntry[],
  why: string,
): Detected {
  if (found === undefined) {
    const seen = candidates.map(({ dev, address }) => `${dev} ${address}`).join(', ');
    throw new NoAddress(family, method, seen === '' ? 'no interface that is up has one' : `there are ${seen}`);
  }
  return { address: found.address, dev: found.dev, why };
}

async function viaRoute(
  kernel: Kernel,
  family: Family,
  target: string,
  entries: readonly InterfaceAddressEntry[],
  method: string,
): Promise<Detected> {
  if (tryParseAddress(target)?.family !== family) {
    throw new NoAddress(family, method, `'${target}' is not an IPv${family} address; host names are not looked up`);
  }
  const source = (await kernel.routeGet(target))?.source;
  const entry = entries.find(({ address }) => address.split('/')[0] === source);
  if (entry === undefined) throw new NoAddress(family, method, `there is no route to ${target}`);
  return { address: entry.address, dev: entry.dev, why: `source of the route to ${target}` };
}

function firstMatch<T>(patterns: string, find: (pattern: string) => T | undefined): T | undefined {
  for (const pattern of patterns.split(',')) {
    const found = find(pattern);
    if (found !== undefined) return found;
  }
  return undefined;
}

function matches(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern.trim()).test(name);
  } catch {
    return pattern.trim() === name;
  }
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
