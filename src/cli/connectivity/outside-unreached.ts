import type { ConnectivityReason, FailureFacts } from './failure.ts';
import type { ConnectivityCheck } from './plan.ts';
import type { ProbeOutcome } from './probe.ts';

/** Why nothing outside of the cluster is reached. */
export function outsideUnreached(
  { from, to, probe: { host, port } }: ConnectivityCheck,
  { result, code }: ProbeOutcome,
  { from: { routes }, pool }: FailureFacts,
): ConnectivityReason {
  const { node } = from;
  if (result === 'refused') {
    return { reason: `${host} is reached, and refuses`, next: `see whether a server listens there at port ${port}` };
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return {
      reason: `the name ${host} is not found (${code})`,
      next: `see the check 'dns'; or name its address: --outside ADDRESS:${port}`,
    };
  }
  if (code === 'ENETUNREACH' || code === 'EHOSTUNREACH') {
    const at = routes?.length === 0 ? `${node} has no route to ${host}` : `a router says that ${host} is unreachable`;
    return {
      reason: `${at} (${code})`,
      next: `on ${node}: ip route get ${host}; it needs a default route, or one there`,
    };
  }
  const what = `nothing comes back from ${to.name} (${code ?? result})`;
  if (pool?.natOutgoing === false) {
    return {
      reason: `${what}: pods of ${pool.name} go out with their own addresses, since its natOutgoing is off, and there may be no way back to them`,
      next: `have routers outside know the way to ${pool.cidr} (vrouter bgp summary), or have pods' addresses translated: calicoctl patch ippool ${pool.name} -p '{"spec":{"natOutgoing":true}}'`,
    };
  }
  const translated = pool === undefined ? '' : `, though pods of ${pool.name} go out with the address of their node`;
  return {
    reason: `${what}${translated}`,
    next: `see whether ${node} itself reaches ${host}, and what firewalls outside say; on ${node}: vrouter status nat. Pods with private addresses need natOutgoing in their IPPool`,
  };
}
