import { type Family, formatPrefix, type Prefix } from '../base/index.ts';
import { API_VERSION, affinityLabels, affinityName, affinityOwnerLabels, type BlockAffinity } from '../model/index.ts';

/** Claimed in two steps: `pending` (I mean to) → `confirmed` (the block says so too); given up by `pendingDeletion`. */
export const affinityState = {
  pending: 'pending',
  confirmed: 'confirmed',
  pendingDeletion: 'pendingDeletion',
} as const;

/** Old objects have no state; they were written when there was only one. */
export function isConfirmed({ spec: { state } }: BlockAffinity): boolean {
  return state === affinityState.confirmed || state === undefined || state === '';
}

/** The affinity is a node's, not that of a virtual owner such as the load balancer. */
export function isHostAffinity({ spec: { type } }: BlockAffinity): boolean {
  return type === undefined || type === 'host';
}

/** Whose a block is: a node's, or that of something which is on no node. */
export interface BlockOwner {
  readonly type: 'host' | 'virtual';
  readonly name: string;
}

/** All blocks of pools for services of type LoadBalancer are its. */
export const loadBalancer: BlockOwner = { type: 'virtual', name: 'load-balancer' };

export function host(name: string): BlockOwner {
  return { type: 'host', name };
}

export function ownerOf({ spec: { type = 'host', node } }: BlockAffinity): BlockOwner {
  return { type, name: node };
}

/** The text of a block's `affinity` when it belongs to this owner. */
export function affinityText({ type, name }: BlockOwner): string {
  return `${type}:${name}`;
}

/** The node of `host:node1`; undefined for `virtual:…` and for nothing. */
export function hostOf(affinity: string | undefined): string | undefined {
  return affinity?.startsWith('host:') ? affinity.slice('host:'.length) : undefined;
}

/** The labels to list an owner's affinities by. */
export function ownerLabels({ type, name }: BlockOwner, family?: Family): Readonly<Record<string, string>> {
  const owner = affinityOwnerLabels(name, type);
  return family === undefined ? owner : { ...owner, 'projectcalico.org/ip-version': String(family) };
}

export function newAffinity({ type, name: node }: BlockOwner, cidr: Prefix): BlockAffinity {
  const text = formatPrefix(cidr);
  return {
    apiVersion: API_VERSION,
    kind: 'BlockAffinity',
    metadata: { name: affinityName(node, text), labels: affinityLabels(node, type, text) },
    spec: { state: affinityState.pending, node, type, cidr: text, deleted: false },
  };
}
