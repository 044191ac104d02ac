import { type ConnectivityReason, type FailureFacts, nameOf } from './failure.ts';
import { outsideUnreached } from './outside-unreached.ts';
import type { ConnectivityCheck } from './plan.ts';
import { DENIED_PORT, type ProbeOutcome } from './probe.ts';
import type { TestPod } from './stage.ts';
import { deniedBy, unreached } from './unreached.ts';
import { unresolved } from './unresolved.ts';

/** The most telling reason that the facts give. */
export function reasonFor(
  check: ConnectivityCheck,
  outcome: ProbeOutcome | undefined,
  facts: FailureFacts,
): ConnectivityReason {
  if (outcome === undefined) return notRun(check);
  switch (check.kind) {
    case 'policy-denied':
      return letThrough(check, facts);
    case 'mtu':
      return tooLarge(check, outcome);
    case 'service':
    case 'dns':
    case 'outside':
      return beyondPods(check, outcome, facts);
    default:
      return unreached(check, outcome, facts);
  }
}

function notRun({ from }: ConnectivityCheck): ConnectivityReason {
  return {
    reason: from.trouble ?? `the pod ${from.name} has told nothing`,
    next: `see why it does not run on ${from.node}: its events, and vrouter status there`,
  };
}

function letThrough({ from, to }: ConnectivityCheck, facts: FailureFacts): ConnectivityReason {
  const pod = to as TestPod;
  const asked = `vrouter policy why ${nameOf(from)} ${nameOf(pod)} tcp/${DENIED_PORT}`;
  const why = facts.to?.why ?? facts.from.why;
  if (why?.allowed) {
    const by = why.verdicts[0]?.ingress.decidedBy ?? 'a policy';
    return { reason: `another policy comes before the test's and allows it: ${by}`, next: `on ${pod.node}: ${asked}` };
  }
  if (why === undefined) {
    return {
      reason: `${pod.node} does not enforce policy, and its daemon does not say why`,
      next: `see whether the daemon of ${pod.node} runs: vrouter status`,
    };
  }
  return {
    reason: `policy denies it, and ${pod.node} lets it through`,
    next: `on ${pod.node}: vrouter policy verify, vrouter status; somebody else's rules may accept it first: nft list ruleset`,
  };
}

function tooLarge({ from, to }: ConnectivityCheck, { result, code, mtu }: ProbeOutcome): ConnectivityReason {
  if (mtu === undefined || mtu.largest === 0) {
    return {
      reason: `no datagram of any size comes back (${code ?? result})`,
      next: 'see the other checks of this way',
    };
  }
  const { own, largest, told } = mtu;
  const pod = to as TestPod;
  const word =
    told === undefined
      ? 'and no ICMP says so: large packets are lost without a word'
      : `a hop says that it takes ${told}: TCP finds out, other protocols may not`;
  const where = from.node === pod.node ? `within ${from.node}` : `between ${from.node} and ${pod.node}`;
  return {
    reason: `packets of more than ${largest} octets with DF do not pass, though the pods' MTU is ${own}; ${word}`,
    next: `let every hop ${where} take ${own} octets and what a tunnel adds; or give pods an MTU of ${largest}: mtu in the CNI configuration of each node, for pods made afterwards`,
  };
}

function beyondPods(check: ConnectivityCheck, outcome: ProbeOutcome, facts: FailureFacts): ConnectivityReason {
  const { kind, from } = check;
  const what = outcome.code ?? outcome.result;
  const denied = deniedBy(facts.from.why);
  if (denied !== undefined)
    return { reason: `policy denies it: ${denied}`, next: `vrouter policy list on ${from.node}` };
  if (kind === 'dns') return unresolved(check, outcome);
  if (kind === 'service') {
    return {
      reason:
        outcome.result === 'refused' ? 'the service has nobody behind it' : `the service does not answer (${what})`,
      next: `see whether kube-proxy runs on ${from.node}, whether the service has endpoints (kubectl get endpointslices), and what is dropped: vrouter drops on ${from.node}`,
    };
  }
  return outsideUnreached(check, outcome, facts);
}
