import { type ConnectivityProbe, DENIED_PORT, OPEN_PORT } from './probe.ts';
import type { TestPod, TestTarget } from './stage.ts';

export const CHECK_KINDS = [
  'pod-same-node',
  'pod-other-node',
  'mtu',
  'policy-allowed',
  'policy-denied',
  'service',
  'dns',
  'outside',
] as const;
export type ConnectivityCheckKind = (typeof CHECK_KINDS)[number];

/** One thing to try, and what should come of it. */
export interface ConnectivityCheck {
  readonly id: number;
  readonly kind: ConnectivityCheckKind;
  readonly from: TestPod;
  readonly to: TestPod | TestTarget;
  readonly probe: ConnectivityProbe;
  /** Whether an answer is right; else silence or a refusal is. */
  readonly wantsAnswer: boolean;
}

export interface PlanInput {
  readonly pods: readonly TestPod[];
  readonly targets: readonly TestTarget[];
  /** Milliseconds that an answer is waited for. */
  readonly patience: number;
  /** Other nodes that each client asks at most. */
  readonly mostNodes?: number;
}

/** Where a packet that is to be dropped is looked for, silence is the answer: it need not be waited for so long. */
const SILENCE = 1500;
/** Milliseconds that nodes have to put the test's policy in force. */
const SETTLES = 15_000;
/** A cluster of 100 nodes has 9,900 ways: each node tries so many. */
const MOST_NODES = 16;

/** Everything that is to be tried. Each client asks its own node, and the nodes after its own in a ring. */
export function plan({ pods, targets, patience, mostNodes = MOST_NODES }: PlanInput): readonly ConnectivityCheck[] {
  const nodes = [...new Set(pods.map(({ node }) => node))];
  const checks: ConnectivityCheck[] = [];
  const add = (
    kind: ConnectivityCheckKind,
    [from, to]: readonly [TestPod, TestPod | TestTarget],
    probe: Pick<ConnectivityProbe, 'kind' | 'host' | 'port' | 'resolver'>,
    wantsAnswer = true,
  ): void => {
    const id = checks.length;
    const waits = wantsAnswer ? { patience } : { patience: Math.min(SILENCE, patience), settles: SETTLES };
    checks.push({ id, kind, from, to, wantsAnswer, probe: { id, ...probe, ...waits } });
  };
  for (const from of pods.filter(({ role }) => role === 'client')) {
    const near = nearest(nodes, from.node, mostNodes);
    for (const to of pods) {
      if (!near.has(to.node) || to.role === 'client' || to.trouble !== undefined) continue;
      for (const host of common(from, to)) addPod(add, from, to, host);
    }
    for (const target of targets) {
      const kind = target.kind === 'dns' ? 'dns' : target.name === 'test service' ? 'tcp' : 'connect';
      const { host, port, resolver } = target;
      add(target.kind, [from, target], { kind, host, port, ...(resolver !== undefined && { resolver }) });
    }
  }
  return checks;
}

type Add = (
  kind: ConnectivityCheckKind,
  ends: readonly [TestPod, TestPod],
  probe: Pick<ConnectivityProbe, 'kind' | 'host' | 'port'>,
  wantsAnswer?: boolean,
) => void;

function addPod(add: Add, from: TestPod, to: TestPod, host: string): void {
  const where = from.node === to.node ? 'pod-same-node' : 'pod-other-node';
  if (to.role === 'told') {
    add(where, [from, to], { kind: 'connect', host, port: to.port ?? OPEN_PORT });
  } else if (to.role === 'policed') {
    add('policy-allowed', [from, to], { kind: 'tcp', host, port: OPEN_PORT });
    add('policy-denied', [from, to], { kind: 'tcp', host, port: DENIED_PORT }, false);
  } else if (from.name !== to.name) {
    add(where, [from, to], { kind: 'tcp', host, port: OPEN_PORT });
    add(where, [from, to], { kind: 'udp', host, port: OPEN_PORT });
    add('mtu', [from, to], { kind: 'mtu', host, port: OPEN_PORT });
  }
}

/** The node itself, and those that follow it in the ring of all. */
function nearest(nodes: readonly string[], own: string, most: number): ReadonlySet<string> {
  const at = nodes.indexOf(own);
  return new Set([...nodes.slice(at), ...nodes.slice(0, at)].slice(0, most + 1));
}

/** Addresses of `to` in families that `from` has too. */
function common(from: TestPod, to: TestPod): readonly string[] {
  const has = (isSix: boolean): boolean => from.addresses.some((address) => address.includes(':') === isSix);
  return to.addresses.filter((address) => has(address.includes(':')));
}
