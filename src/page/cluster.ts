import {
  type Address,
  containsAddress,
  formatAddress,
  formatPrefix,
  prefixSize,
  tryParseInterfaceAddress,
} from '../base/index.ts';
import type { AddressAnswer, ClusterAnswer } from '../control/index.ts';
import { type AssignmentAttributes, type BlockFigures, poolOf, readPools } from '../ipam/index.ts';
import type { IPPool, Node } from '../model/index.ts';

/** A cluster, as it is known on a node or from its datastore. */
export interface KnownCluster {
  readonly nodes: readonly Node[];
  readonly pools: readonly IPPool[];
  readonly blocks: readonly BlockFigures[];
}

export function clusterAnswer({ nodes, pools, blocks }: KnownCluster): ClusterAnswer {
  return {
    nodes: nodes.map((node) => {
      const asn = Number(node.spec.bgp?.asNumber);
      return { name: node.metadata.name, addresses: addressesOf(node), ...(asn > 0 && { asn }) };
    }),
    pools: readPools(pools).map(({ name, cidr, spec }) => ({
      name,
      cidr: formatPrefix(cidr),
      blockSize: spec.blockSize,
      encapsulation: encapsulationOf(spec.ipipMode, spec.vxlanMode),
      disabled: spec.disabled,
    })),
    blocks: [...blocks].sort(({ cidr: a }, { cidr: b }) => byAddress(a, b)).map(blockText),
  };
}

export function addressAnswer({
  nodes,
  pools,
  blocks,
  address,
  text,
  endpoint,
  owner,
}: KnownCluster & {
  readonly address: Address;
  readonly text: string;
  readonly endpoint: string | undefined;
  readonly owner: AssignmentAttributes | undefined;
}): AddressAnswer {
  const node = nodes.find((one) => addressesOf(one).includes(text))?.metadata.name;
  const block = blocks.find(({ cidr }) => containsAddress(cidr, address));
  const pool = poolOf(readPools(pools), address)?.name;
  return {
    address: text,
    ...(node !== undefined && { node }),
    ...(endpoint !== undefined && { endpoint }),
    ...(block !== undefined && { block: blockText(block) }),
    ...(pool !== undefined && { pool }),
    ...(owner !== undefined && {
      assignment: { ...(owner.handleId !== undefined && { handle: owner.handleId }), ...owner.attributes },
    }),
  };
}

function addressesOf({ spec: { bgp = {} } }: Node): string[] {
  return [bgp.ipv4Address, bgp.ipv6Address].flatMap((text) => {
    const read = text === undefined ? undefined : tryParseInterfaceAddress(text);
    return read === undefined ? [] : [formatAddress(read.address)];
  });
}

function encapsulationOf(ipip: string, vxlan: string): string {
  if (ipip !== 'Never') return `IPIP ${ipip}`;
  return vxlan === 'Never' ? 'none' : `VXLAN ${vxlan}`;
}

function blockText({ cidr, node, inUse }: BlockFigures): ClusterAnswer['blocks'][0] {
  const used = [...inUse.values()].reduce((sum, one) => sum + one.used, 0);
  return { cidr: formatPrefix(cidr), ...(node !== undefined && { node }), inUse: used, size: Number(prefixSize(cidr)) };
}

function byAddress(a: BlockFigures['cidr'], b: BlockFigures['cidr']): number {
  return a.family - b.family || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0);
}
