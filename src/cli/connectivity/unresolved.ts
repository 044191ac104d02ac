import type { ConnectivityReason } from './failure.ts';
import type { ConnectivityCheck } from './plan.ts';
import type { ProbeOutcome, ResolverOutcome } from './probe.ts';

const DNS_PODS = 'kubectl -n kube-system get pods,endpointslices -l k8s-app=kube-dns';

/** Why a name is not found: what each resolver of the pod says when it is asked by itself. */
export function unresolved(
  { from, probe }: ConnectivityCheck,
  { result, code, resolvers = [] }: ProbeOutcome,
): ConnectivityReason {
  const of = (kind: ResolverOutcome['result']): readonly ResolverOutcome[] =>
    resolvers.filter((resolver) => resolver.result === kind);
  const names = (some: readonly ResolverOutcome[]): string => some.map(({ address }) => address).join(', ');
  const what = code ?? result;
  if (code === 'ENOTFOUND' || code === 'ENODATA') {
    const answering = of('answered');
    const who = answering.length === 0 ? 'the resolver' : `the resolver ${names(answering)}`;
    return {
      reason: `${who} answers that there is no such name (${what})`,
      next:
        probe.resolver === undefined
          ? `see whether '${probe.host}' is right; compare the pod's /etc/resolv.conf (search) with the cluster's domain`
          : `see whether '${probe.host}' is right: a resolver that is named is asked for the name as it is, without domains to search`,
    };
  }
  const silent = of('silence');
  if (silent.length > 0 || resolvers.length === 0) {
    const isTcp = silent.length > 0 && silent.every(({ tcp }) => tcp === 'answered');
    const where = silent.length === 0 ? '' : `: ${names(silent)}, UDP port 53`;
    return {
      reason: `the resolver does not answer${where} (${what})${isTcp ? '; by TCP it is reached' : ''}`,
      next: isTcp
        ? `UDP to it is dropped, TCP is not: see which policy or firewall lets TCP alone through: vrouter drops on ${from.node}, and on the node of the DNS pods`
        : `see whether the cluster's DNS pods run (${DNS_PODS}), whether services answer (the check 'service'), and what is dropped: vrouter drops on ${from.node}`,
    };
  }
  const refusing = of('refused');
  if (refusing.length > 0) {
    return {
      reason: `nobody listens at the resolver: ${names(refusing)} refuses (${what})`,
      next: `see whether its service has somebody behind it: ${DNS_PODS}`,
    };
  }
  const [failing] = of('error');
  if (failing !== undefined) {
    return {
      reason: `the resolver ${failing.address} answers that it can't find out (${failing.code ?? what})`,
      next: 'see the log of the DNS pods, and whether those that they ask in turn are reached: the check of --outside, with their address and port 53',
    };
  }
  return {
    reason: `the resolver does not answer in time (${what}), though it does when it is asked for this name alone`,
    next: "see the domains that are searched in the pod's /etc/resolv.conf, and the load of the cluster's DNS pods",
  };
}
