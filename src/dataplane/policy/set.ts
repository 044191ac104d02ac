import { type Family, formatAddress, formatPrefix } from '../../base/index.ts';
import type { SetMembers } from '../../policy/index.ts';
import { addresses, addressType, type Contents } from '../filter/index.ts';
import { hasNets, outermostNets } from './match.ts';
import { setName } from './names.ts';

/** The set of one key, in its one to three forms. */
export function renderSet(key: string, members: SetMembers, family: Family): Contents {
  const type = addressType(family);
  const hosts = members.addresses.filter((one) => one.family === family).map(formatAddress);
  const nets = outermostNets(members.nets.filter((net) => net.family === family)).map(formatPrefix);
  const ports = members.ports
    .filter(({ address }) => address.family === family)
    .map(({ address, protocol, port }) => `${formatAddress(address)} . ${protocol} . ${port}`);
  return {
    sets: [
      ...(members.of === 'ports'
        ? [
            [
              { name: setName('p', key), type: `${type} . inet_proto . inet_service` },
              [...new Set(ports)].sort(),
            ] as const,
          ]
        : [[{ name: setName('s', key), type }, hosts.sort()] as const]),
      ...(hasNets(key, family, new Map([[key, members]]))
        ? [[addresses(family, setName('i', key)), [...nets].sort()] as const]
        : []),
    ],
    chains: [],
  };
}
