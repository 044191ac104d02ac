import type { NextHopSet } from 'bgp-speaker-ts';
import { type Family, type Prefix, VERSION } from '../base/index.ts';
import type { AdvertisedAddress, Desired } from '../calc/index.ts';
import type { ExplainedEntry, NodeStatusPeer, StatusAnswer } from '../control/index.ts';
import type { Dataplane } from '../dataplane/index.ts';
import { type KindStatus, keyText } from '../datastore/index.ts';
import type { ObjectProblem } from '../keeping/index.ts';
import { deviceNames } from '../netlink/index.ts';
import { componentHealth, type NodeReport, nodeHealth, type ReportedPeer } from '../observe/index.ts';
import type { PeerReport } from '../routing/index.ts';
import { byReason, oneOutage, outage } from './one-outage.ts';
import { peerProblems } from './peer-problems.ts';
import { hostEndpointProblems, policyProblems } from './policy-problems.ts';
import { poolProblems } from './pool-problems.ts';
import type { ProblemHistory } from './problem-history.ts';
import { remainsOfFelix } from './remains-of-felix.ts';
import { routesOfOthers, rulesOfOthers } from './routes-of-others.ts';
import type { LastError } from './session-history.ts';
import { ipvsBeside, narrowMtu, poolless, sliceless, withoutEndpoint, withoutInterface } from './silent-states.ts';

/** Something that the kernel does not take, and why. */
export interface Refusal {
  readonly what: string;
  readonly reason: string;
}

/** Everything that answers are made from. */
export interface QuerySources {
  readonly nodename: string;
  readonly datastoreType: string;
  readonly startedAt: number;
  /** Milliseconds since the start. */
  readonly age: () => number;
  readonly dataplane: Dataplane;
  readonly peers: () => readonly PeerReport[];
  readonly desired: () => Desired;
  /** The next hops that peers announced for a prefix, by its number in the route table; undefined when none did. */
  readonly learned: (family: Family, prefix: number) => NextHopSet | undefined;
  readonly kinds: () => readonly KindStatus[];
  /** Why the node isn't ready, beyond what the datastore and the kernel say. */
  readonly problems: () => readonly string[];
  /** The parts that work only in part, though the node as a whole goes on. */
  readonly degraded: () => readonly string[];
  /** Whether pods are served. */
  readonly serving: () => boolean;
  /** The error that ended a peer's session the last time. */
  readonly lastError: (peer: string) => LastError | undefined;
  /** The whole cluster's. */
  readonly allBlocks: () => readonly Prefix[];
  /** Since when each problem is there. */
  readonly history: ProblemHistory;
  /** Addresses of Services, and what becomes of them here. */
  readonly advertised: () => readonly AdvertisedAddress[];
  /** How interfaces of pods begin. */
  readonly interfacePrefix: string;
}

/** The node's state in one value. */
export function nodeReport(sources: QuerySources): NodeReport {
  const { bgp, blocks } = sources.desired();
  const counts = sources.dataplane.routes.counts();
  const [missing, strange] = endpointsAstray(sources);
  const { dataplane } = sources;
  const foreign = dataplane.routes.foreign();
  const names = deviceNames([...dataplane.links.values()]);
  const named = new Set(foreign.filter(({ how }) => how === 'place').map(({ ours }) => `route ${ours}`));
  const away = outage(sources.kinds());
  const problems = oneOutage(away, [
    ...sources.problems(),
    ...sources.degraded(),
    ...(sources.desired().host.problems ?? []),
    ...objectProblems(sources).map(({ message }) => message),
    ...peerProblems(sources.peers()),
    ...withoutInterface(missing),
    ...withoutEndpoint(strange),
    ...poolless(sources.desired(), sources.allBlocks()),
    ...sliceless(sources.kinds()),
    ...mtuProblems(sources),
    ...ipvsBeside(sources.desired().reachability, dataplane.links.values()),
    ...routesOfOthers(foreign, names),
    ...rulesOfOthers(dataplane.otherTables.diversions, names),
    ...remainsOfFelix(dataplane.felixRemains.found),
    ...byReason(kernelRefusals(dataplane).filter(({ what }) => !named.has(what))),
  ]);
  // A kind that is not in sync and has never been heard of has been silent since the start.
  const ages = sources.kinds().map(({ age, status }) => age ?? (status === 'in-sync' ? 0 : sources.age()));
  return {
    nodename: sources.nodename,
    version: VERSION,
    pid: process.pid,
    startedAt: sources.startedAt,
    ready: away === undefined && sources.problems().length === 0 && isWhole(sources.dataplane),
    serving: sources.serving(),
    problems,
    told: sources.history.seen(problems),
    ...enforced(sources),
    datastore: {
      type: sources.datastoreType,
      inSync: sources.kinds().every((kind) => kind.status === 'in-sync'),
      lastEventAgeSeconds: Math.max(0, ...ages) / 1000,
    },
    ...(bgp && {
      bgp: {
        asn: bgp.asn,
        routerId: bgp.routerId,
        peers: sources.peers().map((peer) => reported(peer, sources.lastError)),
      },
    }),
    blocks: blocks.map(({ cidr, inUse, size }) => ({ cidr, state: 'confirmed', inUse, size })),
    routes: { desired: counts.desired, programmed: counts.programmed, failed: counts.failed },
    endpoints: { desired: sources.desired().workloads.length, missing: missing.length, strange: strange.length },
  };
}

function enforced({ desired, dataplane }: QuerySources): Pick<NodeReport, 'policy'> {
  const { policy } = desired();
  if (policy === undefined) return {};
  const { policies, endpoints } = policy;
  return {
    policy: { policies: policies.size, endpoints: endpoints.size, refused: dataplane.policy.failures().length },
  };
}

function reported({ desired, status, bfd }: PeerReport, lastErrorOf: QuerySources['lastError']): ReportedPeer {
  const lastError = lastErrorOf(status.name);
  return {
    address: status.name,
    family: status.address.includes(':') ? 6 : 4,
    type: desired.type,
    session: status.state,
    reason: status.state === 'Established' ? undefined : status.reason,
    since: status.since,
    remoteAs: status.remoteAs,
    ...status.prefixes,
    guarded: status.guarded?.count,
    malformed: status.malformed,
    flaps: status.flaps,
    ...(bfd && { bfd }),
    ...(lastError && { lastError }),
  };
}

/** The report as the socket's schema has it, in BIRD's words and Calico's. */
export function nodeStatus(node: NodeReport): StatusAnswer {
  const { bgp, problems, blocks, told = [], ...report } = node;
  return {
    ...report,
    health: nodeHealth(node),
    components: componentHealth(node).map((one) => ({ ...one })),
    problems: [...problems],
    told: told.map((one) => ({ ...one })),
    blocks: [...blocks],
    ...(bgp && { bgp: { ...bgp, peers: bgp.peers.map(peerStatus) } }),
  };
}

function peerStatus({ session, reason, ...peer }: ReportedPeer): NodeStatusPeer {
  return {
    ...peer,
    state: session === 'Established' ? 'up' : 'start',
    session,
    info: reason === undefined ? session : `${session} ${reason}`,
  };
}

/** Objects that are in the datastore and are not, or not all, what somebody meant. */
export function objectProblems({
  kinds,
  desired,
  dataplane,
}: Pick<QuerySources, 'kinds' | 'desired' | 'dataplane'>): ObjectProblem[] {
  const invalid = kinds().flatMap((kind) => [...kind.invalid.values()]);
  return [
    ...invalid.map(({ key, problem }) => {
      return { about: key, reason: 'Invalid', message: `${keyText(key)} is ${problem}` };
    }),
    ...poolProblems(desired().pools),
    ...policyProblems(desired().policy),
    ...hostEndpointProblems(dataplane.policy.hostProblems),
  ];
}

function endpointsAstray({ dataplane, desired, interfacePrefix }: QuerySources) {
  const { endpoints } = dataplane;
  return [endpoints.missing(desired().workloads), endpoints.strange(interfacePrefix)] as const;
}

function mtuProblems({ dataplane, desired }: QuerySources): string[] {
  const { pools } = desired();
  if (pools.length === 0) return [];
  const families = new Set(pools.map(({ cidr }): Family => (cidr.includes(':') ? 6 : 4)));
  return narrowMtu(dataplane.podMtu, families, dataplane.narrowest);
}

/**
 * Whether what all pods need is in the kernel: forwarding, the tunnels that pools ask for, translation, and some route.
 */
function isWhole({ forwarding, tunnels, tables, routes }: Dataplane): boolean {
  // Without encryption a node goes on.
  const essential = tunnels.failures().filter(({ what }) => !/^(wireguard|wg-v6)/.test(what));
  const { failed, programmed } = routes.counts();
  const isRouting = failed === 0 || programmed > 0;
  return forwarding.failures().length + essential.length + tables.failures().length === 0 && isRouting;
}

/** The kernel says no more than `File exists`. */
const SOMEBODY_ELSES =
  'a route of somebody else is in its place (see: ip route show proto all): remove that, or what makes it';

/** The kernel's refusals that last, in its own words; each waits for its next attempt. */
export function kernelRefusals(dataplane: Dataplane): Refusal[] {
  const { forwarding, routes, endpoints, tables, policy, qos, proxies, egress, tunnels } = dataplane;
  return [
    ...forwarding.failures(),
    ...tunnels.failures().map(({ what, reason }) => ({ what: `tunnel ${what}`, reason })),
    ...policy.failures(),
    ...tables.failures(),
    ...qos.failures(),
    ...proxies.failures(),
    ...egress.failures(),
    ...routes.failures().map(({ prefix, code, reason }) => ({
      what: `route ${prefix}`,
      reason: code === 'EEXIST' ? SOMEBODY_ELSES : reason,
    })),
    ...endpoints.failures().map(({ key, reason }) => ({ what: `endpoint ${key}`, reason })),
  ];
}

/** Each pod of the node, with whether its interface and routes are there, and then what pods are limited to. */
export function explainEndpoints({ dataplane, desired }: QuerySources): ExplainedEntry[] {
  const pods = desired().workloads.map(({ key, interfaceName, addresses, floatingIps, why }) => {
    const lacking = dataplane.endpoints.lacking(key);
    const floating = floatingIps.map(({ external }) => `floating ${external}`);
    const text = [key, interfaceName, ...addresses, ...floating].join(' ');
    return { text, wanted: true, present: lacking === undefined, why: lacking ?? why };
  });
  return [...pods, ...dataplane.qos.entries().map((entry) => ({ ...entry, wanted: true }))];
}

/** Each tunnel device that some pool asks for, and what the kernel must know of the nodes behind it. */
export function explainTunnels({ dataplane }: QuerySources): ExplainedEntry[] {
  return dataplane.tunnels.entries().map((entry) => ({ ...entry, wanted: true }));
}

/** Each rule of the packet filter that is wanted, as nft reads it. */
export function explainNat({ dataplane }: QuerySources): ExplainedEntry[] {
  return [...dataplane.tables.entries(), ...dataplane.policy.entries()];
}
