import { lookup } from 'node:dns/promises';
import {
  containsAddress,
  type Family,
  formatAddress,
  goPattern,
  parsePrefix,
  reasonOf,
  tryParseAddress,
  tryParseInterfaceAddress,
  VRouterError,
} from '../base/index.ts';
import { type InterfaceAddressEntry, isKernelError, type Kernel, type Link } from '../netlink/index.ts';

/** How interfaces begin that never hold the node's own address: Calico's list. */
const EXCLUDED =
  /^(docker|cbr|dummy|podman|virbr|lxcbr|veth|lo|br-|cali|tunl|flannel|kube-ipvs|cni|vxlan\.calico|vxlan-v6\.calico|wireguard\.cali|wg-v6\.cali|nodelocaldns)/;

/** No address, and what was looked at: a wrong interface is the most common reason for a session that won't come up. */
export class NoAddress extends VRouterError {
  constructor(family: Family, method: string, tried: string) {
    const setting = family === 4 ? 'IP' : 'IP6';
    const advice = `set ${setting}=ADDRESS/LENGTH or another ${setting}_AUTODETECTION_METHOD`;
    super(
      'NO_ADDRESS',
      `no IPv${family} address of this node found by '${method}'; ${tried}; it is waited for, or ${advice}`,
    );
  }
}

/** The address that was found, and why it was chosen: for the log. */
export interface Detected {
  /** With the prefix length of its interface, as `192.168.1.7/24`. */
  readonly address: string;
  readonly dev: string;
  readonly why: string;
}

/** The hints that are known before the host is looked at. */
export interface Hints {
  /** The node's address as it was, without prefix length. */
  readonly before?: string | undefined;
  /** Addresses that the cluster lists as the node's `InternalIP`. */
  readonly internal?: readonly string[] | undefined;
  /** Looks up a host's name; default: as the system does. Rejects when there is no such host. */
  readonly lookup?: (host: string, family: Family) => Promise<string>;
}

/** The addresses that fit the method, the best first. */
interface Fitting {
  readonly entries: readonly InterfaceAddressEntry[];
  readonly why: string;
  /** The words when nothing fits; absent: the addresses there are. */
  readonly otherwise?: string;
}

/** The node's address by one of Calico's methods (`IP_AUTODETECTION_METHOD`). Rejects with `NoAddress`. */
export async function autodetect(kernel: Kernel, family: Family, method: string, hints: Hints = {}): Promise<Detected> {
  const [links, entries] = await Promise.all([kernel.linkList(), kernel.addressList({ family })]);
  const candidates = inReverseOrder(links, entries);
  const fitting = await fittingEntries(kernel, family, method, candidates, hints);
  const [first] = fitting.entries;
  if (first === undefined) {
    const seen = candidates.map(({ dev, address }) => `${dev} ${address}`).join(', ');
    const there = seen === '' ? 'no interface that is up has one' : `there are ${seen}`;
    throw new NoAddress(family, method, fitting.otherwise ?? there);
  }
  const kept = fitting.entries.find((entry) => bare(entry) === hints.before && staysBefore(entry, first));
  const { address, dev } = kept ?? first;
  return { address, dev, why: fitting.why };
}

/**
 * The interfaces that a Node names, by name, with their addresses: those that could hold the node's own address. Templates
 * of host endpoints look for theirs among them.
 */
export async function nodeInterfaces(
  kernel: Kernel,
  families: readonly Family[],
): Promise<readonly { readonly name: string; readonly addresses: readonly string[] }[]> {
  const links = await kernel.linkList();
  const up = new Set(links.filter((link) => link.up && !EXCLUDED.test(link.name)).map(({ name }) => name));
  const held = new Map<string, string[]>();
  for (const family of families) {
    for (const entry of await kernel.addressList({ family })) {
      if (!up.has(entry.dev) || entry.scope !== 'global') continue;
      held.set(entry.dev, [...(held.get(entry.dev) ?? []), bare(entry)]);
    }
  }
  return [...held].map(([name, addresses]) => ({ name, addresses })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** An address that moves between hosts comes beside the known one, or as an address alone: it does not take its place. */
function staysBefore(known: InterfaceAddressEntry, other: InterfaceAddressEntry): boolean {
  return known.dev === other.dev || isAlone(other);
}

async function fittingEntries(
  kernel: Kernel,
  family: Family,
  method: string,
  candidates: readonly InterfaceAddressEntry[],
  hints: Hints,
): Promise<Fitting> {
  const [kind, argument = ''] = splitOnce(method);
  const parts = argument.split(',').map((part) => part.trim());
  switch (kind) {
    case 'can-reach':
      return viaRoute(kernel, family, argument.trim(), candidates, hints.lookup ?? systemLookup);
    case 'interface':
      return {
        entries: parts.flatMap((pattern) => candidates.filter(({ dev }) => matches(pattern, dev))),
        why: `its interface matches '${argument}'`,
      };
    case 'skip-interface':
      return {
        entries: candidates.filter(({ dev }) => !EXCLUDED.test(dev) && !parts.some((pattern) => matches(pattern, dev))),
        why: `first interface that '${argument}' does not skip`,
      };
    case 'cidr': {
      const cidrs = parts.map((cidr) => parsePrefix(cidr, 'IP_AUTODETECTION_METHOD'));
      const inside = ({ address }: InterfaceAddressEntry): boolean => {
        const parsed = tryParseInterfaceAddress(address);
        return parsed !== undefined && cidrs.some((cidr) => containsAddress(cidr, parsed.address));
      };
      return { entries: candidates.filter(inside), why: `inside ${argument}` };
    }
    case 'kubernetes-internal-ip':
      return internalAddress(family, candidates, hints.internal ?? []);
    default:
      return {
        entries: candidates.filter(({ dev }) => !EXCLUDED.test(dev)),
        why: 'first valid address, latest interface first',
      };
  }
}

/** Calico looks at the interface with the highest index first; of one interface, an address without a subnet comes last. */
function inReverseOrder(
  links: readonly Link[],
  entries: readonly InterfaceAddressEntry[],
): readonly InterfaceAddressEntry[] {
  const up = new Map(links.filter((link) => link.up).map((link) => [link.name, link.index]));
  return entries
    .filter(({ dev, scope }) => up.has(dev) && scope === 'global')
    .sort((a, b) => (up.get(b.dev) ?? 0) - (up.get(a.dev) ?? 0) || Number(isAlone(a)) - Number(isAlone(b)));
}

async function viaRoute(
  kernel: Kernel,
  family: Family,
  host: string,
  candidates: readonly InterfaceAddressEntry[],
  lookup: NonNullable<Hints['lookup']>,
): Promise<Fitting> {
  const why = `source of the route to ${host}`;
  let target: string;
  try {
    target = tryParseAddress(host)?.family === family ? host : await lookup(host, family);
  } catch (error) {
    return { entries: [], why, otherwise: `'${host}' can't be looked up: ${reasonOf(error)}` };
  }
  const source = await sourceTo(kernel, target);
  const entry = candidates.find((candidate) => bare(candidate) === source);
  if (entry === undefined) return { entries: [], why, otherwise: `there is no route to ${host}` };
  return { entries: [entry, ...candidates.filter(({ dev }) => dev === entry.dev)], why };
}

/** The kernel says no where it has no route. */
async function sourceTo(kernel: Kernel, target: string): Promise<string | undefined> {
  try {
    return (await kernel.routeGet(target))?.source;
  } catch (error) {
    if (isKernelError(error)) return undefined;
    throw error;
  }
}

async function systemLookup(host: string, family: Family): Promise<string> {
  return (await lookup(host, { family })).address;
}

function internalAddress(
  family: Family,
  candidates: readonly InterfaceAddressEntry[],
  internal: readonly string[],
): Fitting {
  const why = "the Node's InternalIP";
  const wanted = internal.map((text) => tryParseInterfaceAddress(text)?.address).find((at) => at?.family === family);
  if (wanted === undefined) {
    return { entries: [], why, otherwise: `the Node has no InternalIP of IPv${family} (kubectl get node -o wide)` };
  }
  const text = formatAddress(wanted);
  const held = candidates.filter((entry) => bare(entry) === text);
  const otherwise = `no interface that is up has the Node's InternalIP ${text}`;
  return { entries: held, why, otherwise };
}

function bare({ address }: InterfaceAddressEntry): string {
  return address.split('/')[0];
}

/** It has no subnet. */
function isAlone({ address }: InterfaceAddressEntry): boolean {
  return address.endsWith(address.includes(':') ? '/128' : '/32');
}

function matches(pattern: string, name: string): boolean {
  try {
    return goPattern(pattern).test(name);
  } catch {
    return pattern === name;
  }
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
