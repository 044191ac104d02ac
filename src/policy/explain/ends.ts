import { type Address, formatAddress, lettersApart, tryParseAddress, VRouterError } from '../../base/index.ts';
import type { Endpoint } from '../form.ts';
import type { Packet } from '../match.ts';
import { familyOfProtocol, protocolHasPorts, protocolNumber } from '../protocol.ts';
import type { World } from '../world.ts';

/** The words by which people ask about a packet: source, destination, and protocol. */

/** One end of a question. */
export interface End {
  /** As people call it: `namespace/pod`, the name of a node, or an address. */
  readonly name: string;
  readonly kind: 'pod' | 'host' | 'address';
  readonly endpoint: Endpoint | undefined;
  readonly addresses: readonly Address[];
}

/** The question can't be asked: it names what is not there, or is not written as it should be. */
export class QuestionError extends VRouterError {}

/** Names that are told beside one that nobody has. */
const MOST_NEAR = 5;

/** `namespace/pod`, an address, or the name of a node or of a host endpoint. */
export function readEnd(text: string, world: World): End {
  const address = tryParseAddress(text);
  if (address !== undefined) {
    const [endpoint] = world.endpointsAt(address);
    return { name: endpoint?.name ?? text, kind: endpoint?.kind ?? 'address', endpoint, addresses: [address] };
  }
  const endpoint = world.endpoints.find(({ name }) => name === text);
  if (endpoint !== undefined && endpoint.addresses.length > 0) {
    return { name: text, kind: endpoint.kind, endpoint, addresses: endpoint.addresses };
  }
  const node = world.nodes.find(({ name }) => name === text);
  if (node !== undefined) {
    const addresses = node.nets.map(({ family, value }): Address => ({ family, value }));
    return { name: text, kind: 'host', endpoint: undefined, addresses };
  }
  if (endpoint !== undefined) throw new QuestionError('NO_ADDRESS', `${text} has no address yet`);
  refuseService(text, world);
  const near = nearNames(
    text,
    [...world.endpoints, ...world.nodes].map(({ name }) => name),
  );
  const hint = near.length === 0 ? '' : `; there is ${near.join(', ')}`;
  throw new QuestionError('UNKNOWN_END', `no pod, host or address is called ${JSON.stringify(text)}${hint}`);
}

/** Policy never sees a Service's address: what is sent to it has been led on by then. */
function refuseService(text: string, world: World): void {
  const [namespace, name, ...more] = text.split('/');
  if (name === undefined || more.length > 0) return;
  const addresses = new Set(world.backendsOf(namespace, name).map(({ address }) => formatAddress(address)));
  if (addresses.size === 0) return;
  const some = [...addresses].slice(0, MOST_NEAR).join(', ');
  throw new QuestionError('IS_SERVICE', `${text} is a Service, and policy sees where it leads to: ask about ${some}`);
}

/** Those that are most like it: with the same last part, or few letters apart. */
function nearNames(text: string, names: readonly string[]): readonly string[] {
  const last = text.split('/').at(-1) ?? text;
  const scored = names.flatMap((name): (readonly [score: number, name: string])[] => {
    const own = name.split('/').at(-1) ?? name;
    if (own === last) return [[0, name]];
    if (last.length > 2 && own.includes(last)) return [[1, name]];
    const letters = lettersApart(name, text);
    return letters <= Math.max(2, text.length / 5) ? [[1 + letters, name]] : [];
  });
  return scored
    .sort(([a, one], [b, other]) => a - b || (one < other ? -1 : 1))
    .slice(0, MOST_NEAR)
    .map(([, name]) => name);
}

/** The parts of a question about the packet besides its ends. */
export interface Carried {
  readonly protocol: number;
  readonly destinationPort: number;
  readonly icmp?: { readonly type: number; readonly code: number } | undefined;
  /** The family that the protocol is for. */
  readonly family?: 4 | 6 | undefined;
}

const ECHO: Readonly<Record<number, number>> = { 1: 8, 58: 128 };

/**
 * `tcp/443`, `udp/53`, `sctp/http` (a port that the destination names), `icmp` (an echo), `icmp/3/4`, `icmpv6/135`, or
 * the number of a protocol.
 */
export function readCarried(text: string, destination: Endpoint | undefined): Carried {
  const [word, first, second, ...more] = text.split('/');
  const protocol = protocolNumber(word);
  if (protocol === undefined || more.length > 0) {
    const hint = 'write protocol and port, as tcp/443, udp/53 or icmp';
    throw new QuestionError('BAD_PROTOCOL', `${JSON.stringify(text)} is no protocol: ${hint}`);
  }
  if (protocol in ECHO) {
    const [type, code] = [wholeNumber(first ?? ECHO[protocol], 255, text), wholeNumber(second ?? 0, 255, text)];
    return { protocol, destinationPort: 0, icmp: { type, code }, family: familyOfProtocol(word) };
  }
  if (!protocolHasPorts(protocol)) return { protocol, destinationPort: 0 };
  if (first === undefined || second !== undefined) {
    throw new QuestionError('BAD_PORT', `${JSON.stringify(text)} has no port: write ${word}/443`);
  }
  const named = destination?.ports.find((port) => port.name === first && port.protocol === protocol);
  if (named !== undefined) return { protocol, destinationPort: named.port };
  if (!/^\d+$/.test(first)) {
    const own = destination?.ports.map(({ name }) => name) ?? [];
    const hint = own.length === 0 ? '' : `; it has ${own.join(', ')}`;
    throw new QuestionError('BAD_PORT', `the destination has no ${word} port called ${JSON.stringify(first)}${hint}`);
  }
  return { protocol, destinationPort: wholeNumber(first, 65_535, text) };
}

function wholeNumber(given: string | number, most: number, text: string): number {
  const number = /^\d+$/.test(String(given)) ? Number(given) : Number.NaN;
  if (number <= most) return number;
  throw new QuestionError('BAD_PORT', `${JSON.stringify(text)}: ${given} is not a number from 0 to ${most}`);
}

/** A source port as clients have it. */
const SOURCE_PORT = 40_000;

/** One packet for each family that both ends have. */
export function packetsBetween(source: End, destination: End, carried: Carried, sourcePort = SOURCE_PORT): Packet[] {
  const { protocol, destinationPort, icmp, family } = carried;
  const packets = source.addresses.flatMap((from) =>
    destination.addresses
      .filter((to) => to.family === from.family && (family ?? to.family) === to.family)
      .map((to): Packet => {
        const port = protocolHasPorts(protocol) ? sourcePort : 0;
        return { source: from, destination: to, protocol, sourcePort: port, destinationPort, icmp };
      }),
  );
  if (packets.length > 0) return packets;
  throw new QuestionError('NO_FAMILY', `${source.name} and ${destination.name} have no IP version in common for it`);
}
