import { type Log, parseAddress, reasonOf, VRouterError } from '../base/index.ts';
import { type ChangeInMind, type Request, RequestRefused } from '../control/index.ts';
import { DatastoreLocked, DatastoreUnavailable, Unauthorized, type Update } from '../datastore/index.ts';
import type { Endpoints, QueuedDeletions, Timelines } from '../endpoints/index.ts';
import { isKindName } from '../model/index.ts';
import type { Metrics } from '../observe/index.ts';
import type { World } from '../policy/index.ts';
import type { BgpAnswers } from './bgp-answers.ts';
import type { ClusterAnswers } from './cluster-answers.ts';
import type { Drain } from './drain.ts';
import type { Drops } from './drops.ts';
import { explainEgress } from './explain-egress.ts';
import type { FlowLog } from './flow-log.ts';
import type { PolicyAnswers } from './policy-answers.ts';
import { explainEndpoints, explainNat, explainTunnels, nodeReport, nodeStatus, type QuerySources } from './queries.ts';

/** CNI's "try again later". */
const TRY_AGAIN = 11;

export interface RequestSources {
  readonly endpoints: Endpoints;
  readonly deletions: QueuedDeletions;
  readonly queries: () => QuerySources;
  readonly resync: () => Promise<void>;
  readonly drain: Drain;
  /** Loaded when the first question comes. */
  readonly policy: () => Promise<PolicyAnswers>;
  readonly drops: Drops;
  readonly flows: FlowLog;
  readonly timelines: Timelines;
  readonly world: () => World;
  /** Path of the ledger of addresses; `none`. */
  readonly ledger: string;
  /** Loaded when the first question comes. */
  readonly bgp: () => Promise<BgpAnswers>;
  /** Loaded when the first question comes. */
  readonly cluster: () => Promise<ClusterAnswers>;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Why the node can't serve pods now; undefined when it can. */
  readonly problem: () => string | undefined;
}

/** Answers what comes over the control socket. */
export async function answer(request: Request, sources: RequestSources): Promise<unknown> {
  const { endpoints, queries } = sources;
  switch (request.op) {
    case 'status':
      return nodeStatus(nodeReport(queries()));
    case 'routes':
      return (await import('./explain-routes.ts')).explainRoutes(queries());
    case 'endpoints':
      return explainEndpoints(queries());
    case 'tunnels':
      return explainTunnels(queries());
    case 'nat':
      return explainNat(queries());
    case 'egress':
      return explainEgress(queries());
    case 'services':
      return (await import('./explain-services.ts')).explainServices(queries());
    case 'cluster':
      return (await sources.cluster()).cluster();
    case 'address':
      return (await sources.cluster()).address(request.address);
    case 'policy.hits':
      return (await sources.cluster()).policyHits();
    case 'bgp.peers':
      return (await sources.bgp()).peers();
    case 'bgp.routes':
      return (await sources.bgp()).routes(request.peer, request.selection, request.limit);
    case 'bgp.route':
      return (await sources.bgp()).route(request.prefix);
    case 'route.to':
      return (await import('./explain-routes.ts')).explainRoutesOver(queries(), parseAddress(request.address));
    case 'policy.why':
      return (await sources.policy()).why(request);
    case 'policy.effective':
      return (await sources.policy()).effective(request.pod);
    case 'policy.verify':
      return (await sources.policy()).verify();
    case 'policy.staged':
      return (await sources.policy()).staged();
    case 'policy.changes':
      return (await sources.policy()).changes(request.changes.flatMap(updateOf));
    case 'drops.counted':
      return sources.drops.counted();
    case 'drops.recent':
      return sources.drops.recent(request.limit);
    case 'drops.after':
      return sources.drops.after(request.after);
    case 'timeline': {
      const { timelineAnswer } = await import('./timeline-answer.ts');
      return timelineAnswer(request.pod, sources.timelines, queries(), sources.world());
    }
    case 'ledger':
      return (await import('./ledger-answer.ts')).ledgerAnswer(sources.ledger, request.address);
    case 'flows':
      return sources.flows.answer(request);
    case 'drain':
      return sources.drain[request.action]();
    case 'resync':
      await sources.resync();
      return {};
    case 'cni.add':
      await sources.deletions.forget(request.request);
      return cni('add', () => endpoints.add(request.request), sources);
    case 'cni.del':
      return cni('del', () => endpoints.del(request.request), sources);
    case 'cni.check':
      return cni('check', () => endpoints.check(request.request), sources);
    case 'cni.gc':
      return cni('gc', () => endpoints.gc(request.network, request.valid), sources);
    case 'cni.status':
      return cni('status', async () => ({}), sources);
    case 'cni.pod-cidrs':
      return cni('pod-cidrs', () => endpoints.podCidrs(), sources);
  }
}

/** A change that somebody thinks of; none of a kind that isn't known here. */
function updateOf({ kind, name, namespace, resource }: ChangeInMind): readonly Update[] {
  if (!isKindName(kind)) return [];
  return [{ key: { kind, name, namespace }, resource: resource as Update['resource'] }];
}

/** A CNI request, measured; refused for now while the node isn't ready for pods. */
async function cni<T>(
  op: string,
  work: () => Promise<T>,
  { metrics, log, problem, timelines }: RequestSources,
): Promise<T> {
  const reason = problem();
  if (reason !== undefined) throw new RequestRefused('NOT_READY', `not ready: ${reason}`, TRY_AGAIN);
  const end = metrics.cniSeconds.startTimer({ op });
  try {
    const result = await work();
    end({ result: 'ok' });
    return result;
  } catch (error) {
    end({ result: 'error' });
    const change = timelines.changeOf(error);
    log.warn({ op, ...(change !== undefined && { change }), err: reasonOf(error) }, 'CNI request failed');
    // The same request will do once the datastore is back, or has us again: CNI has a code for that.
    const isForLater = [DatastoreUnavailable, DatastoreLocked, Unauthorized].some((kind) => error instanceof kind);
    if (isForLater && error instanceof VRouterError) throw new RequestRefused(error.code, error.message, TRY_AGAIN);
    throw error;
  }
}
