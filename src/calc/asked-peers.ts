import type { BGPPeer, Node } from '../model/index.ts';
import { parseSelector, type Selector, SelectorError } from '../model/index.ts';
import { familiesMeant, type Here, type Remote, remotesOf } from './bgp-peers.ts';
import type { LabelIndex, Selection } from './label-index.ts';

/** A BGPPeer, with whatever of the cluster it speaks of. */
export interface AskedPeer {
  readonly resource: BGPPeer;
  /** `nodeSelector`, matched; undefined where there is none. */
  readonly local: Selection | undefined;
  /** `peerSelector`, matched; undefined where there is none. */
  readonly remotes: Selection | undefined;
  /** The address of `peerIP`, or the links in its place. */
  readonly named: readonly Remote[];
  /** `localWorkloadSelector`; undefined where there is none. */
  readonly pods: Selector | undefined;
}

/**
 * The BGPPeers, found by what they speak of: a changed node costs those that have to do with it, and not all that there
 * are.
 */
export class AskedPeers {
  readonly #labels: LabelIndex;
  readonly #byName = new Map<string, AskedPeer>();
  /** By the selection that they speak of, as local or as remote. */
  readonly #bySelection = new Map<Selection, Set<AskedPeer>>();
  readonly #byNode = new Map<string, Set<AskedPeer>>();
  /** Those of every node. */
  readonly #everywhere = new Set<AskedPeer>();
  readonly #byAddress = new Map<string, Set<AskedPeer>>();
  readonly #ofPods = new Set<AskedPeer>();

  constructor(labels: LabelIndex) {
    this.#labels = labels;
  }

  /** Sets a BGPPeer, or takes it out. Gives the former one and the present one. */
  put(name: string, resource: BGPPeer | undefined): readonly AskedPeer[] {
    const before = this.#byName.get(name);
    if (before !== undefined) this.#remove(before);
    this.#byName.delete(name);
    if (resource === undefined) return before === undefined ? [] : [before];
    const { nodeSelector, peerSelector, node } = resource.spec;
    const now: AskedPeer = {
      resource,
      local: nodeSelector && !node ? this.#select(nodeSelector) : undefined,
      remotes: peerSelector ? this.#select(peerSelector) : undefined,
      named: remotesOf(resource),
      pods: resource.spec.localWorkloadSelector ? readSelector(resource.spec.localWorkloadSelector) : undefined,
    };
    this.#byName.set(name, now);
    for (const selection of [now.local, now.remotes]) if (selection) added(this.#bySelection, selection, now);
    if (node) added(this.#byNode, node, now);
    else if (now.local === undefined) this.#everywhere.add(now);
    for (const { address } of now.named) added(this.#byAddress, address, now);
    if (now.pods) this.#ofPods.add(now);
    return before === undefined ? [now] : [before, now];
  }

  all(): Iterable<AskedPeer> {
    return this.#byName.values();
  }

  /** Those that select pods. */
  ofPods(): Iterable<AskedPeer> {
    return this.#ofPods;
  }

  /** Those that name this address. */
  at(address: string): Iterable<AskedPeer> {
    return this.#byAddress.get(address) ?? [];
  }

  /**
   * Those that may have to do with a node: they are of it, or select it. `everywhere`: also those that are of every
   * node.
   */
  *of(node: string, everywhere: Iterable<AskedPeer>): Iterable<AskedPeer> {
    yield* this.#byNode.get(node) ?? [];
    for (const selection of this.#labels.matching(node)) yield* this.#bySelection.get(selection) ?? [];
    yield* everywhere;
  }

  #remove(one: AskedPeer): void {
    for (const selection of [one.local, one.remotes]) {
      if (selection === undefined) continue;
      removed(this.#bySelection, selection, one);
      this.#labels.release(selection);
    }
    if (one.resource.spec.node) removed(this.#byNode, one.resource.spec.node, one);
    for (const { address } of one.named) removed(this.#byAddress, address, one);
    this.#everywhere.delete(one);
    this.#ofPods.delete(one);
  }

  #select(text: string): Selection {
    return this.#labels.select(readSelector(text));
  }
}

/** A text that is no selector matches nothing; reading the BGPPeer has told of it. */
function readSelector(text: string): Selector {
  try {
    return parseSelector(text);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    return parseSelector('!all()');
  }
}

/** Whether the node is one of those that the BGPPeer speaks of as local. */
export function appliesTo({ resource, local }: AskedPeer, node: string): boolean {
  if (resource.spec.node) return resource.spec.node === node;
  return local === undefined || local.members.has(node);
}

/** The families in which a BGPPeer of others means this node. */
export function meant(here: Here, { resource, remotes }: AskedPeer): readonly (4 | 6)[] {
  return familiesMeant(here, resource, remotes?.members.has(here.node.metadata.name) ?? false);
}

/** The nodes that a BGPPeer speaks of as local, by name. */
export function locals(
  { resource, local }: AskedPeer,
  nodes: { get(name: string): Node | undefined; keys(): Iterable<string> },
) {
  if (resource.spec.node) return nodes.get(resource.spec.node) ? [resource.spec.node] : [];
  return local?.members ?? nodes.keys();
}

function added<K>(map: Map<K, Set<AskedPeer>>, key: K, one: AskedPeer): void {
  map.set(key, (map.get(key) ?? new Set()).add(one));
}

function removed<K>(map: Map<K, Set<AskedPeer>>, key: K, one: AskedPeer): void {
  const left = map.get(key);
  left?.delete(one);
  if (left?.size === 0) map.delete(key);
}
