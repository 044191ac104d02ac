import type { Test } from 'tap';
import type { Desired } from '../../src/calc/index.ts';
import { HOST_MAC } from '../../src/dataplane/endpoints/render.ts';
import {
  type Ethernet,
  type Extension,
  ethernet,
  extended,
  type Fragment,
  fragment,
  icmp,
  ipv4,
  ipv6,
  udp,
} from './frames.ts';
import { wanted } from './host.ts';
import { FAMILIES, POD, PodNetwork } from './pod-network.ts';
import { RawFrames } from './raw-frames.ts';

const { 4: IPV4, 6: IPV6 } = FAMILIES;
export const UDP = 17;
export const ICMP = 1;
export const ICMPV6 = 58;

/** A pod that means harm: it makes frames as it likes. */
export class Hostile {
  readonly network: PodNetwork;
  readonly mac: string;
  readonly #raw: RawFrames;

  private constructor(network: PodNetwork, { address, ifindex }: { address: string; ifindex: number }) {
    this.network = network;
    this.mac = address;
    this.#raw = new RawFrames(network.at('pod'), ifindex);
  }

  /** `sysctls`: what the node's administrator has set before the pod came. */
  static async create(
    t: Test,
    { sourcePrefixes = [], sysctls = [] }: { sourcePrefixes?: readonly string[]; sysctls?: readonly string[] } = {},
  ): Promise<Hostile> {
    const network = await PodNetwork.create(t, { withPod: false });
    for (const setting of sysctls) network.run('node', 'sysctl', '-qw', setting);
    await network.addPod();
    for (const where of ['node', 'outside'] as const) network.ip(where, 'link set lo up');
    network.ip('node', `route add default via ${IPV4.outside}`);
    network.ip('node', `route add default via ${IPV6.outside}`);
    await network.dataplane.start(desired(sourcePrefixes));
    await network.dataplane.resync();
    t.same(network.dataplane.tables.failures(), []);
    const [link] = JSON.parse(network.run('pod', 'ip', '-j', 'link', 'show', 'eth0'));
    const hostile = new Hostile(network, link);
    t.teardown(() => hostile.#raw.close());
    return hostile;
  }

  frame(
    type: 'ip' | 'arp' | 'ip6',
    payload: Uint8Array,
    { to = HOST_MAC, from = this.mac, vlans = [] }: Partial<Ethernet> = {},
  ): void {
    this.#raw.send(ethernet({ from, to, vlans }, type, payload));
  }

  udp(from: string, to: string, ...ethernet: readonly Parameters<Hostile['frame']>[2][]): void {
    const datagram = udp({ from, to }, 9999, 'forged');
    if (from.includes(':')) this.frame('ip6', ipv6({ from, to }, UDP, datagram), ...ethernet);
    else this.frame('ip', ipv4({ from, to }, UDP, datagram), ...ethernet);
  }

  /** The same with these headers before the datagram. */
  extended(from: string, to: string, ...headers: readonly Extension[]): void {
    const { next, payload } = extended(headers, UDP, udp({ from, to }, 9999, 'forged'));
    this.frame('ip6', ipv6({ from, to }, next, payload));
  }

  icmp(from: string, to: string, type: number, rest: Uint8Array, code = 0): void {
    if (from.includes(':')) this.frame('ip6', ipv6({ from, to }, ICMPV6, icmp(6, { from, to }, type, code, rest)));
    else this.frame('ip', ipv4({ from, to }, ICMP, icmp(4, { from, to }, type, code, rest)));
  }

  /** Neighbors that the node has behind the pod's interface, by address. */
  neighbors(): readonly string[] {
    const listed: readonly { dst: string }[] = JSON.parse(
      this.network.run('node', 'ip', '-j', 'neigh', 'show', 'dev', POD.interfaceName),
    );
    return listed.map(({ dst }) => dst).sort();
  }

  /** Packets that the table of source addresses has dropped. */
  dropped(): number {
    const lists = ['ip', 'ip6'].map((word) =>
      this.network.run('node', 'nft', 'list', 'table', word, 'vrouter-sources'),
    );
    const counts = [...lists.join('').matchAll(/counter packets (\d+)/g)];
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** Datagrams to a port where nobody listens that have come to the stack of this place. */
  heard(where: 'node' | 'outside'): number {
    const lines = this.network.run(where, 'nstat', '-asz', 'UdpNoPorts', 'Udp6NoPorts').trim().split('\n');
    return lines.map((line) => Number(/NoPorts\s+(\d+)/.exec(line)?.[1] ?? 0)).reduce((sum, one) => sum + one);
  }
}

const HEAD = 16;

/** The two fragments of a datagram that claims to be from there, as packets: the head, and the later one. */
export function fragments(from: string, to: string, id: number): readonly [head: Buffer, tail: Buffer] {
  const datagram = udp({ from, to }, 9999, 'in more than one part');
  const packet = (part: Fragment, octets: Uint8Array): Buffer => {
    if (!from.includes(':')) return ipv4({ from, to, fragment: part }, UDP, octets);
    const { next, payload } = extended([fragment(part)], UDP, octets);
    return ipv6({ from, to }, next, payload);
  };
  return [
    packet({ id, offset: 0, more: true }, datagram.subarray(0, HEAD)),
    packet({ id, offset: HEAD, more: false }, datagram.subarray(HEAD)),
  ];
}

function desired(sourcePrefixes: readonly string[]): Desired {
  const { interfaceName, key } = POD;
  const why = `allowedSourcePrefixes of endpoint ${key}`;
  return {
    ...wanted([]),
    workloads: [{ ...POD, sourcePrefixes }],
    spoofing: sourcePrefixes.length === 0 ? [] : [{ interfaceName, prefixes: sourcePrefixes, why }],
  };
}
