import { Heartbeat, Metrics, type NodeReport } from '../observe/index.ts';
import { bgpAnswers } from './bgp-questions.ts';
import { clusterAnswers } from './cluster-questions.ts';
import { DropEvents, podAt } from './drop-events.ts';
import { Drops } from './drops.ts';
import { nodeFigures } from './figures.ts';
import { FlowLog } from './flow-log.ts';
import type { NodeParts } from './parts.ts';
import { PathProbing } from './path-probing.ts';
import { PolicyCheck } from './policy-check.ts';
import { policyAnswers, policyClasses } from './policy-questions.ts';
import { PolicyTimes } from './policy-times.ts';
import { ProblemHistory } from './problem-history.ts';
import { kernelRefusals, type QuerySources } from './queries.ts';
import type { RequestSources } from './requests.ts';
import { RuleCounts } from './rule-counts.ts';

/** The node as a whole, as the observers see it. */
export interface Observed {
  readonly sources: () => QuerySources;
  readonly status: () => NodeReport;
  /** Whether the datastore has been in sync once, and is not locked now. */
  readonly isTold: () => boolean;
  /** Why the node can't serve pods now; undefined when it can. */
  readonly problem: () => string | undefined;
}

export type Observers = ReturnType<typeof joinObservers>;

/** Makes what looks at the loop and changes nothing in it: figures, dropped packets, the check of policy, answers. */
export function joinObservers(parts: NodeParts, { sources, status, isTold, problem }: Observed) {
  const { config, clock, log, kernel, store, dataplane, calculation, keeping, routing } = parts;
  const { policy } = dataplane;
  const policyLog = log.child({ component: 'policy' });
  const world = () => calculation.world();
  const tierOf = (name: string) => {
    const { policies, hosts } = calculation.desired().policy ?? {};
    return (policies?.get(name) ?? hosts?.policies.get(name))?.tier;
  };
  const drops = new Drops({ kernel, policy, world, tierOf, clock, log: policyLog });
  /** Undefined: nobody asked for them, or the datastore has no place for them. */
  const dropEvents =
    config.VROUTER_POLICY_DROP_EVENTS && store.remarks !== undefined
      ? new DropEvents({
          ...{ remarks: store.remarks, nodename: config.NODENAME, clock, log: policyLog },
          podAt: (address) => podAt(calculation.desired().workloads, address),
        })
      : undefined;
  const flows = new FlowLog({
    ...{ kernel, drops, followed: dataplane.followed, nodename: config.NODENAME, world, tierOf, clock },
    log: log.child({ component: 'flows' }),
  });
  const ruleCounts = new RuleCounts({ kernel, policy, drops: () => drops.counted(), tierOf });
  const answers = policyAnswers({
    nodename: config.NODENAME,
    podPrefix: config.FELIX_INTERFACEPREFIX,
    world,
    worldIf: (updates) => calculation.worldIf(updates),
    desired: () => calculation.desired(),
    kernel,
    dataplane,
    rulesets: parts.given.rulesets,
  });
  const policyCheck = new PolicyCheck({
    classes: () => policyClasses(calculation.desired()),
    answers,
    clock,
    log: policyLog,
  });
  const heartbeat = new Heartbeat(clock, () => parts.given.supervisor?.beat(status));
  const history = new ProblemHistory(clock);
  history.follow(status);
  /** Undefined: nobody asked for it. */
  const paths =
    config.VROUTER_PATH_PROBE_INTERVAL > 0
      ? new PathProbing({
          ...{ config, clock, plan: () => calculation.paths(), podMtu: () => dataplane.podMtu },
          seconds: () => metrics.pathSeconds,
        })
      : undefined;
  const metrics: Metrics = new Metrics({
    aliases: config.VROUTER_METRIC_ALIASES,
    heartbeat,
    status,
    figures: () =>
      nodeFigures({
        ...sources(),
        loop: parts.loop,
        sinceBeat: Math.max(0, clock.wallTime() / 1000 - heartbeat.lastBeat),
        isTold: isTold(),
        bfdTotals: routing.bfdTotals,
        rpkiCaches: routing.rpkiCaches(),
        notification: (peer) => parts.sessions.notificationOf(peer),
      }),
    routesWritten: () => ({ ...dataplane.routes.written }),
    refused: () => kernelRefusals(dataplane),
    ipam: () => keeping.samples(),
    ignored: () => calculation.ignored,
    flows: () => flows.figures,
    paths: paths && (() => paths.figures()),
    policy: {
      drops: () => drops.counted(),
      disagreements: () => policyCheck.disagreements,
      rules: config.VROUTER_POLICY_RULE_COUNTERS ? () => ruleCounts.samples() : undefined,
    },
  });
  const policyTimes = new PolicyTimes(clock, policy, (seconds) => metrics.policySeconds.observe(seconds));
  const requests: RequestSources = {
    policy: answers,
    drops,
    flows,
    timelines: parts.timelines,
    world,
    ledger: config.VROUTER_IPAM_LEDGER,
    bgp: bgpAnswers({ queries: sources, routing, sessions: parts.sessions }),
    cluster: clusterAnswers({
      calculation,
      keeping,
      countsAll: config.VROUTER_POLICY_RULE_COUNTERS,
      rules: () => ruleCounts.samples(),
    }),
    endpoints: parts.endpoints,
    deletions: parts.deletions,
    drain: parts.drain,
    queries: sources,
    resync: () => dataplane.resync(),
    metrics,
    log,
    problem,
  };
  return { drops, dropEvents, flows, policyCheck, paths, heartbeat, history, metrics, policyTimes, requests } as const;
}
