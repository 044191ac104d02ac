import { type Entries, EntriesWriter, formatPrefix, prefix, same, tryParseInterfaceAddress } from '../base/index.ts';
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

/** Nodes → those that answer, by name. */
export class AnsweringNodes {
  readonly #writer = new EntriesWriter<AnsweringNode>(same);
  #seen: Entries<Node> | undefined;

  /** The same object as before while nothing has changed. */
  run(nodes: Entries<Node>): Entries<AnsweringNode> {
    for (const [name, node] of nodes.since(this.#seen)) this.#writer.set(name, node && answeringNode(name, node));
    this.#seen = nodes;
    return this.#writer.commit();
  }
}

/** One that isn't ready, or has the label that keeps it out, is none. */
function answeringNode(name: string, node: Node): AnsweringNode | undefined {
  const { spec, status } = node;
  if (status?.ready === false || isExcluded(node)) return undefined;
  return { name, subnets: subnetsOf(spec), isLast: status?.unschedulable === true };
}

/** The nodes that this one leaves Services to: none unless it is cordoned. */
export function leftTo(self: Node | undefined, all: Entries<AnsweringNode>): readonly string[] {
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
