import { type Family, formatAddress, formatPrefix, networkAddress, type Prefix } from '../../base/index.ts';
import { type Match, type Ports, type SetReference, type Side, setKey } from '../../policy/index.ts';
import { outermostOf } from '../filter/index.ts';
import { setName } from './names.ts';

/** A rule's conditions in nft's language. */

/** The sets that a rule looks into, as it must know them. */
export interface Sets {
  /** Whether there are networks of the family in the set of this key. */
  hasNets(key: string, family: Family): boolean;
}

/** Conditions that must all hold. */
type Conditions = readonly string[];

/**
 * The conditions of a rule for one family, as alternatives of which any may hold: an address is in a hash set of
 * addresses or in an interval set of networks, a port has a number or a name. None: for this family the rule does not
 * exist.
 */
export function matchAlternatives(match: Match, family: Family, sets: Sets): readonly string[] {
  const { ipVersion, protocol, notProtocol, icmp, notIcmp } = match;
  if (ipVersion !== undefined && ipVersion !== family) return [];
  const protocols = [
    ...(protocol === undefined ? [] : [`meta l4proto ${protocol}`]),
    ...(notProtocol === undefined ? [] : [`meta l4proto != ${notProtocol}`]),
  ];
  const word = family === 4 ? 'icmp' : 'icmpv6';
  const icmpNumber = family === 4 ? 1 : 58;
  if (icmp !== undefined && protocol !== undefined && protocol !== icmpNumber) return [];
  const ofIcmp =
    icmp === undefined
      ? []
      : [`${word} type ${icmp.type}`, ...(icmp.code === undefined ? [] : [`${word} code ${icmp.code}`])];
  const sources = sideAlternatives(match.source, 'saddr', family, sets);
  const destinations = sideAlternatives(match.destination, 'daddr', family, sets);
  // nft refuses a rule of one protocol that looks into another's header.
  const excluded: readonly Conditions[] =
    notIcmp === undefined || (protocol !== undefined && protocol !== icmpNumber)
      ? [[]]
      : [
          ...(protocol === icmpNumber ? [] : [[`meta l4proto != ${icmpNumber}`]]),
          [`${word} type != ${notIcmp.type}`],
          ...(notIcmp.code === undefined ? [] : [[`${word} type ${notIcmp.type}`, `${word} code != ${notIcmp.code}`]]),
        ];
  return sources.flatMap((source) =>
    destinations.flatMap((destination) =>
      excluded.map((other) => [...protocols, ...ofIcmp, ...other, ...source, ...destination].join(' ')),
    ),
  );
}

function sideAlternatives(side: Side, field: 'saddr' | 'daddr', family: Family, sets: Sets): readonly Conditions[] {
  const { nets = [], notNets = [], selector, notSelector, nodes, ports, notPorts, service } = side;
  const of = (list: readonly Prefix[]): readonly Prefix[] => list.filter((net) => net.family === family);
  if ((nets.length > 0 && of(nets).length === 0) || (notNets.length > 0 && of(notNets).length === 0)) return [];
  if (of(notNets).some(({ length }) => length === 0)) return [];
  const address = `${family === 4 ? 'ip' : 'ip6'} ${field}`;
  const port = `th ${field === 'saddr' ? 'sport' : 'dport'}`;
  const lookups = (reference: SetReference): readonly Conditions[] => inSets(address, reference, family, sets);
  const socket = `${address} . meta l4proto . ${port}`;
  const always: Conditions = [
    ...(nets.length === 0 ? [] : [netsCondition(address, of(nets))]),
    ...(notNets.length === 0 ? [] : [netsCondition(`${address} !=`, of(notNets))]),
    ...(notSelector === undefined ? [] : notInSets(address, { kind: 'selector', selector: notSelector }, family, sets)),
    ...(notPorts === undefined ? [] : notPortConditions(socket, port, notPorts)),
  ];
  const whom: readonly Conditions[] = selector === undefined ? [[]] : lookups({ kind: 'selector', selector });
  const reached = ports === undefined ? whom : portAlternatives(socket, port, ports, whom, selector);
  const serving: readonly Conditions[] =
    service === undefined
      ? [[]]
      : field === 'daddr'
        ? [[`${socket} @${setName('p', setKey({ kind: 'service', service }))}`]]
        : lookups({ kind: 'service addresses', service });
  const onNodes: readonly Conditions[] = nodes === undefined ? [[]] : lookups({ kind: 'nodes', selector: nodes });
  return onNodes.flatMap((node) =>
    serving.flatMap((one) => reached.map((other) => [...always, ...node, ...one, ...other])),
  );
}

/** One of the two sets of a reference; the one of networks only while it has any. */
function inSets(address: string, reference: SetReference, family: Family, sets: Sets): readonly Conditions[] {
  const key = setKey(reference);
  return [
    [`${address} @${setName('s', key)}`],
    ...(sets.hasNets(key, family) ? [[`${address} @${setName('i', key)}`]] : []),
  ];
}

function notInSets(address: string, reference: SetReference, family: Family, sets: Sets): Conditions {
  const key = setKey(reference);
  return [
    `${address} != @${setName('s', key)}`,
    ...(sets.hasNets(key, family) ? [`${address} != @${setName('i', key)}`] : []),
  ];
}

function portAlternatives(
  socket: string,
  port: string,
  ports: Ports,
  whom: readonly Conditions[],
  selector: Side['selector'],
): readonly Conditions[] {
  const numbered = ports.ranges.length === 0 ? [] : whom.map((one) => [...one, `${port} ${rangesText(ports)}`]);
  if (ports.names.length === 0) return numbered;
  const key = setKey({ kind: 'named ports', names: ports.names, selector });
  return [...numbered, [`${socket} @${setName('p', key)}`]];
}

function notPortConditions(socket: string, port: string, ports: Ports): Conditions {
  const named =
    ports.names.length === 0
      ? []
      : [`${socket} != @${setName('p', setKey({ kind: 'named ports', names: ports.names, selector: undefined }))}`];
  return [...(ports.ranges.length === 0 ? [] : [`${port} != ${rangesText(ports)}`]), ...named];
}

function netsCondition(start: string, nets: readonly Prefix[]): string {
  const merged = outermostOf(nets).map(netText);
  return merged.length === 1 ? `${start} ${merged[0]}` : `${start} { ${merged.join(', ')} }`;
}

function bits({ family }: Prefix): number {
  return family === 4 ? 32 : 128;
}

/** As nft lists it in a set. */
export function netText(net: Prefix): string {
  return net.length === bits(net) ? formatAddress(networkAddress(net)) : formatPrefix(net);
}

/** Ranges that touch or overlap become one, as elements of a set must not overlap. */
function rangesText({ ranges }: Ports): string {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges].sort(([a], [b]) => a - b)) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  const texts = merged.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
  return texts.length === 1 ? texts[0] : `{ ${texts.join(', ')} }`;
}
