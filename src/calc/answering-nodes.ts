import { type Entries, formatPrefix, prefix, tryParseInterfaceAddress } from '../base/index.ts';
import type { Node } from '../model/index.ts';

/** The label with which a node has no part in what comes to services from outside. */
const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** A node that what comes to services from outside may go to. */
export interface AnsweringNode {
  readonly name: string;
  /** Those of its own addresses, as CIDRs. */
  readonly subnets: readonly string[];
  /** Only where no other can: it is cordoned. */
  readonly isLast: boolean;
}

export function isExcluded(node: Node | undefined): boolean {
  return node?.metadata.labels?.[EXCLUDED] === 'true';
}

/** By name. One that isn't ready, or has the label that keeps it out, is none. */
export function answeringNodes(nodes: Entries<Node>): readonly AnsweringNode[] {
  return [...nodes]
    .filter(([, node]) => node.status?.ready !== false && !isExcluded(node))
    .map(([name, { spec, status }]) => ({
      name,
      subnets: subnetsOf(spec),
      isLast: status?.unschedulable === true,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The nodes that this one leaves Services to: none unless it is cordoned. */
export function leftTo(self: Node | undefined, all: readonly AnsweringNode[]): readonly string[] {
  if (self?.status?.unschedulable !== true) return [];
  return all.filter(({ isLast }) => !isLast).map(({ name }) => name);
}

/** Those of a node's own addresses, as CIDRs. */
export function subnetsOf({ bgp }: Node['spec']): readonly string[] {
  return [bgp?.ipv4Address, bgp?.ipv6Address].flatMap((text) => subnetOf(text) ?? []);
}

/** Undefined for an address alone: nobody is on a subnet with it. */
function subnetOf(text: string | undefined): string | undefined {
  const at = text ? tryParseInterfaceAddress(text) : undefined;
  if (at === undefined || at.length >= (at.address.family === 4 ? 31 : 127)) return undefined;
  return formatPrefix(prefix(at.address, at.length));
}
