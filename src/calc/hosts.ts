import { formatPrefix, hostPrefix, parseAddress, tryParseAddress, tryParsePrefix } from '../base/index.ts';
import type { Node } from '../model/index.ts';
import type { FelixSettings } from './felix.ts';
import { nodeAddress } from './node-bgp.ts';

/**
 * Calico's `all-hosts-net`, as CIDRs: the nodes' own addresses, as far as they are known, and what `externalNodesList`
 * tells of nodes that belong to us without being in the datastore.
 */
export function allHosts(felix: FelixSettings, nodes: ReadonlyMap<string, Node>): readonly string[] {
  const own = [...nodes.values()].flatMap((node) =>
    ([4, 6] as const).flatMap((family) => {
      const address = nodeAddress(node, family);
      return address === undefined ? [] : [formatPrefix(hostPrefix(parseAddress(address)))];
    }),
  );
  const external = (felix.externalNodesList ?? []).flatMap((text) => {
    const address = tryParseAddress(text);
    const network = address === undefined ? tryParsePrefix(text) : hostPrefix(address);
    return network === undefined ? [] : [formatPrefix(network)];
  });
  return [...new Set([...own, ...external])].sort();
}
