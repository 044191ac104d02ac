import type { ExplainedEntry, StatusAnswer, WhyAnswer } from '../../control/index.ts';
import type { ConnectivityCheck } from './plan.ts';
import { OPEN_PORT } from './probe.ts';
import type { TestPod } from './stage.ts';

/** Why something is not as it should be, and what to do next. */
export interface ConnectivityReason {
  readonly reason: string;
  readonly next: string;
}

/** The facts from a node about a check that failed; those that are undefined were not answered. */
export interface NodeFacts {
  readonly node: string;
  readonly status: StatusAnswer | undefined;
  readonly why: WhyAnswer | undefined;
  /** Its routes that cover the address that was asked for, the longest prefix first. */
  readonly routes: readonly ExplainedEntry[] | undefined;
}

export interface FailureFacts {
  /** The node of the pod that asked. */
  readonly from: NodeFacts;
  /** The node of the pod that was asked; undefined of what is no pod. */
  readonly to: NodeFacts | undefined;
  /** Of what is outside: the pool of the pod that asked, if it is known. */
  readonly pool?: { readonly name: string; readonly cidr: string; readonly natOutgoing: boolean } | undefined;
}

export function nameOf({ namespace, name }: TestPod): string {
  return `${namespace}/${name}`;
}

/** The question to policy about a check; undefined for a check about no pod. */
export function carriedBy({ probe }: ConnectivityCheck): string {
  const protocol = probe.kind === 'udp' || probe.kind === 'mtu' ? 'udp' : 'tcp';
  return `${protocol}/${probe.port || OPEN_PORT}`;
}
