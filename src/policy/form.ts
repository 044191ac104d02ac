import type { Address, Prefix } from '../base/index.ts';
import type { Labels, Selector } from '../model/index.ts';

/**
 * The one form that all kinds of policy become: tiers hold policies in an order, policies hold rules in an order, and a
 * rule is a conjunction of matches. Kubernetes', Calico's and the policy API's kinds are front ends of it (`sources/`).
 */

export type Direction = 'ingress' | 'egress';
export type Action = 'Allow' | 'Deny' | 'Log' | 'Pass';
/** Actions of staged policies; the others are judged as nothing. */
export type Staged = 'Set' | 'Delete' | 'Ignore';

export interface PolicyId {
  /** As its objects call it; policies of two kinds may have one name. */
  readonly kind: string;
  /** Absent: global. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface Tier {
  readonly name: string;
  /** Infinity: after all that have one. */
  readonly order: number;
  /** The fate of a packet that policies of the tier are about and none decided. */
  readonly defaultAction: 'Deny' | 'Pass';
}

export interface Policy {
  readonly id: PolicyId;
  readonly tier: string;
  /** Infinity: after all that have one. */
  readonly order: number;
  /** The endpoints that it is for, by their effective labels. */
  readonly subject: Selector;
  /** Rules by direction; the policy has nothing to do with a direction that is absent. */
  readonly rules: { readonly [Which in Direction]?: readonly Rule[] };
  /** Where host endpoints ask it; for pods it is a policy only when this is `normal` or `forward`. */
  readonly hook: Hook;
  /** Absent: enforced. */
  readonly staged?: Staged | undefined;
  /** Connections of its endpoints that policy doesn't allow any more end, where others go on until they end by themselves. */
  readonly revokes?: true | undefined;
}

/** `forward`: for traffic of the host itself and what passes through it; the other two come before all others. */
export type Hook = 'normal' | 'forward' | 'untracked' | 'pre-dnat';

export interface Profile {
  readonly name: string;
  /** The labels that the endpoints of the profile inherit. */
  readonly labels: Labels;
  readonly rules: { readonly [Which in Direction]: readonly Rule[] };
}

export interface Rule {
  readonly action: Action;
  /** Counted from 0 in the object that it comes from: one line there may become several rules. */
  readonly index: number;
  readonly name?: string | undefined;
  readonly match: Match;
}

/** All that is present must hold. */
export interface Match {
  readonly ipVersion?: 4 | 6 | undefined;
  /** IP protocol numbers. */
  readonly protocol?: number | undefined;
  readonly notProtocol?: number | undefined;
  readonly icmp?: IcmpMatch | undefined;
  readonly notIcmp?: IcmpMatch | undefined;
  readonly source: Side;
  readonly destination: Side;
}

export interface IcmpMatch {
  readonly type: number;
  readonly code?: number | undefined;
}

/** One end of the traffic. Empty lists are the same as none. */
export interface Side {
  /** The address is in one of them. A list with none of the packet's family takes the rule away for that family. */
  readonly nets?: readonly Prefix[] | undefined;
  readonly notNets?: readonly Prefix[] | undefined;
  /** One identity of the address matches it: an endpoint, or a set that holds the address. */
  readonly selector?: Selector | undefined;
  /** No identity of the address matches it. */
  readonly notSelector?: Selector | undefined;
  /** A node whose labels match it has the address. */
  readonly nodes?: Selector | undefined;
  readonly ports?: Ports | undefined;
  readonly notPorts?: Ports | undefined;
  readonly service?: ServiceMatch | undefined;
}

export interface Ports {
  /** First and last number. */
  readonly ranges: readonly (readonly [number, number])[];
  /** Ports of endpoints, by their names. */
  readonly names: readonly string[];
}

export interface ServiceMatch {
  readonly namespace: string;
  readonly name: string;
}

/** An end with an address of its own: a pod, or an interface of a host. */
export interface Endpoint {
  readonly kind: 'pod' | 'host';
  /** `namespace/name` of a pod, the name of a host endpoint. */
  readonly name: string;
  /** Its own; those of its profiles come on top where it has none of that key. */
  readonly labels: Labels;
  /** In their order; one that does not exist lets nothing through. */
  readonly profiles: readonly string[];
  readonly addresses: readonly Address[];
  readonly ports: readonly NamedPort[];
  /** Of a host endpoint; `*` stands for all interfaces of the node. */
  readonly interfaceName?: string | undefined;
  readonly node?: string | undefined;
}

export interface NamedPort {
  readonly name: string;
  /** IP protocol number. */
  readonly protocol: number;
  readonly port: number;
}

/** Addresses that share labels: a network set, or a node. */
export interface AddressSet {
  readonly name: string;
  /** Its own; those of its profiles come on top where it has none of that key. */
  readonly labels: Labels;
  /** Of a set in a namespace, the namespace's. Absent: none. */
  readonly profiles?: readonly string[] | undefined;
  readonly nets: readonly Prefix[];
}

export interface ServiceBackend {
  readonly address: Address;
  /** Both, or neither: then it has no port that is known, and counts only where a service is a source. */
  readonly protocol?: number;
  readonly port?: number;
}

/** Something in a policy that was not understood, and what holds instead. */
export interface Problem {
  readonly policy: PolicyId;
  /** Where, as a path in the object. */
  readonly field: string;
  readonly reason: string;
}

export function policyIdText({ kind, namespace, name }: PolicyId): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
