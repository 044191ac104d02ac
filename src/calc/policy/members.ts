import { type Address, formatAddress, formatPrefix, networkAddress, type Prefix } from '../../base/index.ts';
import type { AddressSet, Endpoint, ServiceBackend, SetReference } from '../../policy/index.ts';
import type { Member } from './member-set.ts';

/** A thing that a rule may mean: an endpoint or a set, with labels and addresses. */
export type Thing = Endpoint | AddressSet;

/** The members that a matching thing brings into the set of a reference. */
export function membersOf(reference: SetReference, thing: Thing): readonly Member[] {
  if (reference.kind !== 'named ports')
    return 'nets' in thing ? thing.nets.map(netMember) : thing.addresses.map(addressMember);
  if ('nets' in thing) return [];
  return thing.ports
    .filter(({ name }) => reference.names.includes(name))
    .flatMap(({ protocol, port }) => thing.addresses.map((address) => portMember(address, protocol, port)));
}

/** Of one address it goes to the addresses, where a lookup costs the same however many there are. */
function netMember(net: Prefix): Member {
  const isNet = net.length < (net.family === 4 ? 32 : 128);
  return { text: isNet ? formatPrefix(net) : formatAddress(networkAddress(net)), family: net.family, isNet };
}

/** The members that a Service's backends are in the set of a reference to it. */
export function backendMembers(reference: SetReference, backends: readonly ServiceBackend[]): readonly Member[] {
  return backends.flatMap(({ address, protocol, port }): Member[] => {
    if (reference.kind !== 'service') return [addressMember(address)];
    return protocol === undefined || port === undefined ? [] : [portMember(address, protocol, port)];
  });
}

function addressMember(address: Address): Member {
  return { text: formatAddress(address), family: address.family, isNet: false };
}

function portMember(address: Address, protocol: number, port: number): Member {
  return { text: `${formatAddress(address)} . ${protocol} . ${port}`, family: address.family, isNet: false };
}
