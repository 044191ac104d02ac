import type { WhyAnswer } from '../../control/index.ts';
import { type ConnectivityReason, type FailureFacts, type NodeFacts, nameOf } from './failure.ts';
import type { ConnectivityCheck } from './plan.ts';
import type { ProbeOutcome } from './probe.ts';
import type { TestPod } from './stage.ts';

/** Why a pod is not reached, or answers as it should not. */
export function unreached(check: ConnectivityCheck, outcome: ProbeOutcome, facts: FailureFacts): ConnectivityReason {
  const pod = check.to as TestPod;
  const [here, there] = [facts.from, facts.to ?? facts.from];
  if (outcome.result === 'answered') {
    return {
      reason: `${outcome.by ?? 'somebody else'} answers at ${check.probe.host}: two have the same address`,
      next: 'calicoctl ipam check --show-problem-ips',
    };
  }
  if (outcome.result === 'refused') {
    return { reason: `${check.probe.host} is reached, and nobody listens there`, next: `see whether ${pod.name} runs` };
  }
  const denied = deniedBy(there.why) ?? deniedBy(here.why);
  if (denied !== undefined) {
    const asked = `vrouter policy why ${nameOf(check.from)} ${nameOf(pod)} tcp/${check.probe.port}`;
    return {
      reason: `policy denies it: ${denied}`,
      next: `change that policy; every rule that was asked: ${asked} on ${pod.node}`,
    };
  }
  return (
    lackOfRoute(check, outcome, here) ??
    lackOfOwnRoute(pod, there) ??
    silentNode([here, there]) ??
    knownProblem([here, there]) ??
    between(check, here)
  );
}

function lackOfRoute(
  { from, to, probe }: ConnectivityCheck,
  { code }: ProbeOutcome,
  here: NodeFacts,
): ConnectivityReason | undefined {
  const { node, routes, status } = here;
  const missing = routes?.find(({ wanted, present }) => wanted && !present);
  if (missing !== undefined) {
    return {
      reason: `the kernel of ${node} lacks a route that is wanted: ${oneLine(missing.text)} (${missing.why})`,
      next: `on ${node}: vrouter resync puts it back; if it goes again, ip monitor route shows who takes it`,
    };
  }
  const isUnreachable = code === 'ENETUNREACH' || code === 'EHOSTUNREACH';
  if (!isUnreachable && (routes === undefined || routes.length > 0)) return undefined;
  if (routes?.some(({ text, present }) => present && !text.startsWith('blackhole'))) {
    return {
      reason: `a router answers that ${probe.host} is unreachable (${code}), though ${node} has the route: a rule or a route of somebody else comes first`,
      next: `on ${node}, and at the next hop: ip rule; ip route get ${probe.host}`,
    };
  }
  const at = from.node === (to as TestPod).node ? 'within the node' : `to ${(to as TestPod).node}`;
  if (routes === undefined) {
    return {
      reason: `${node} has no route to ${probe.host} (${code}), and its daemon does not answer`,
      next: `start the daemon of ${node}: systemctl start vrouter, or its pod; it puts the routes back`,
    };
  }
  const down = status?.bgp?.peers.filter(({ state }) => state !== 'up') ?? [];
  const sessions = down.map(({ address, info }) => `session with ${address}: ${info}`).join('; ');
  return {
    reason: `${node} has no route to ${probe.host} ${at}${sessions === '' ? '' : `; ${sessions}`}`,
    next: `who announces it, and who refuses it: vrouter bgp route ${probe.host} --why --cluster`,
  };
}

function lackOfOwnRoute({ name }: TestPod, { node, routes }: NodeFacts): ConnectivityReason | undefined {
  if (routes === undefined || routes.some(({ text, present }) => present && /dev cali/.test(text))) return undefined;
  return { reason: `${node} has no route to its own pod ${name}`, next: `on ${node}: vrouter status endpoints` };
}

function silentNode(nodes: readonly NodeFacts[]): ConnectivityReason | undefined {
  const silent = nodes.find(({ status }) => status === undefined);
  if (silent === undefined) return undefined;
  return {
    reason: `the daemon of ${silent.node} does not answer`,
    next: `start it, or see its log: systemctl status vrouter on ${silent.node}, or kubectl logs of its pod`,
  };
}

function knownProblem(nodes: readonly NodeFacts[]): ConnectivityReason | undefined {
  for (const { node, status } of nodes) {
    const [problem] = status?.problems ?? [];
    if (problem !== undefined) return { reason: `${node} says: ${problem}`, next: `on ${node}: vrouter status` };
  }
  return undefined;
}

/** How packets travel by a route's device, and what has to let them through. */
const TRAVEL: readonly (readonly [RegExp, string])[] = [
  [/dev tunl0/, 'IP protocol 4 (IPIP)'],
  [/dev vxlan/, 'UDP port 4789 (VXLAN)'],
  [/dev wireguard/, 'UDP port 51820 (WireGuard)'],
];

function between({ from, to }: ConnectivityCheck, { routes = [] }: NodeFacts): ConnectivityReason {
  const pod = to as TestPod;
  if (from.node === pod.node) {
    return {
      reason: `nothing comes back within ${from.node}, which has the routes and no policy against it`,
      next: `somebody else's rules may drop it on ${from.node}: nft list ruleset, iptables-save; sysctl net.ipv4.ip_forward`,
    };
  }
  const text = routes[0]?.text ?? '';
  const what = TRAVEL.find(([device]) => device.test(text))?.[1] ?? "packets with pods' addresses";
  return {
    reason: `nothing comes back, though both nodes have the routes: something between ${from.node} and ${pod.node} drops it`,
    next: `let ${what} through between both: firewalls of either node (nft list ruleset) and between, security groups, source checks of a cloud; tcpdump on both ends shows where it ends`,
  };
}

/** The rule that denied it, in words. */
export function deniedBy(why: WhyAnswer | undefined): string | undefined {
  const verdict = why?.verdicts.find(({ allowed }) => !allowed);
  if (verdict === undefined) return undefined;
  const { ingress, egress, host } = verdict;
  for (const decision of [egress, ingress, ...(host === undefined ? [] : [host])]) {
    if (!decision.allowed) return `${decision.direction} of ${decision.endpoint ?? 'the node'}: ${decision.decidedBy}`;
  }
  return 'policy of the node';
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
