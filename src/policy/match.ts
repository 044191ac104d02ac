import type { Address } from '../base/index.ts';
import { evaluate } from '../model/index.ts';
import type { IcmpMatch, Match, Ports, Side } from './form.ts';
import { isInOneOf, type World } from './world.ts';

/** The first packet of a connection, as policy sees it: after a service's address was replaced, before masquerading. */
export interface Packet {
  readonly source: Address;
  readonly destination: Address;
  /** IP protocol number. */
  readonly protocol: number;
  /** 0 where the protocol has no ports. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly icmp?: { readonly type: number; readonly code: number } | undefined;
}

/** Whether every condition of a rule holds for the packet. */
export function matches(match: Match, packet: Packet, world: World): boolean {
  const { ipVersion, protocol, notProtocol, icmp, notIcmp, source, destination } = match;
  if (ipVersion !== undefined && packet.source.family !== ipVersion) return false;
  if (protocol !== undefined && packet.protocol !== protocol) return false;
  if (notProtocol !== undefined && packet.protocol === notProtocol) return false;
  if (icmp !== undefined && !isIcmp(icmp, packet)) return false;
  if (notIcmp !== undefined && isIcmp(notIcmp, packet)) return false;
  return (
    matchesSide(source, { address: packet.source, port: packet.sourcePort, protocol: packet.protocol }, world, false) &&
    matchesSide(
      destination,
      { address: packet.destination, port: packet.destinationPort, protocol: packet.protocol },
      world,
      true,
    )
  );
}

function isIcmp({ type, code }: IcmpMatch, { icmp }: Packet): boolean {
  return icmp !== undefined && icmp.type === type && (code === undefined || icmp.code === code);
}

interface End {
  readonly address: Address;
  readonly port: number;
  readonly protocol: number;
}

function matchesSide(side: Side, end: End, world: World, isDestination: boolean): boolean {
  const { nets = [], notNets = [], selector, notSelector, nodes, ports, notPorts, service } = side;
  const { address } = end;
  const lacksFamily = (list: Side['nets'] = []): boolean =>
    list.length > 0 && list.every(({ family }) => family !== address.family);
  if (lacksFamily(nets) || lacksFamily(notNets)) return false;
  if (nets.length > 0 && !isInOneOf(address, nets)) return false;
  if (isInOneOf(address, notNets)) return false;
  if (nodes !== undefined && !world.nodesAt(address).some(({ labels }) => evaluate(nodes, labels))) return false;
  if (notSelector !== undefined && world.identitiesOf(address).some(({ labels }) => evaluate(notSelector, labels))) {
    return false;
  }
  if (notPorts !== undefined && (isInRanges(notPorts, end) || isNamed(notPorts, end, undefined, world))) return false;
  if (service !== undefined && !isBackend(service, end, world, isDestination)) return false;
  const isSelected =
    selector === undefined || world.identitiesOf(address).some(({ labels }) => evaluate(selector, labels));
  if (ports === undefined) return isSelected;
  return (isSelected && isInRanges(ports, end)) || isNamed(ports, end, selector, world);
}

function isInRanges({ ranges }: Ports, { port }: End): boolean {
  return ranges.some(([first, last]) => port >= first && port <= last);
}

/** Whether an endpoint with the address, and with matching labels where they are asked for, calls the port so. */
function isNamed({ names }: Ports, end: End, selector: Side['selector'], world: World): boolean {
  if (names.length === 0) return false;
  return world.endpointsAt(end.address).some((endpoint) => {
    if (selector !== undefined && !evaluate(selector, world.labelsOf(endpoint))) return false;
    return endpoint.ports.some(
      ({ name, protocol, port }) => names.includes(name) && protocol === end.protocol && port === end.port,
    );
  });
}

/** As a source a service is its addresses, whatever their port. */
function isBackend(
  { namespace, name }: NonNullable<Side['service']>,
  end: End,
  world: World,
  withPort: boolean,
): boolean {
  return world
    .backendsOf(namespace, name)
    .some(
      ({ address, protocol, port }) =>
        address.family === end.address.family &&
        address.value === end.address.value &&
        (!withPort || (protocol === end.protocol && port === end.port)),
    );
}
