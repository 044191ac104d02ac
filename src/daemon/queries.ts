import { type Family, VERSION } from '../base/index.ts';
import type { NextHopSet } from '../bgp/index.ts';
import type { Desired } from '../calc/index.ts';
import type { ExplainedEntry, NodeStatus, NodeStatusPeer } from '../control/index.ts';
import type { Dataplane } from '../dataplane/index.ts';
import type { KindStatus } from '../datastore/index.ts';
import type { PeerReport } from '../routing/index.ts';
import { peerProblems } from './peer-problems.ts';

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
  readonly dataplane: Dataplane;
  readonly peers: () => readonly PeerReport[];
  readonly desired: () => Desired;
  /** What peers told of a prefix, by its number in the route table; undefined when none did. */
  readonly learned: (family: Family, prefix: number) => NextHopSet | undefined;
  readonly kinds: () => readonly KindStatus[];
  /** What is wrong beyond that: start-up not finished, a registration that failed. */
  readonly problems: () => readonly string[];
  /** What works only in part, though the node as a whole goes on. */
  readonly degraded: () => readonly string[];
}

/** The node's state in one value: what `calicoctl node status`, the metrics and the readiness page are made from. */
export function nodeStatus(sources: QuerySources): NodeStatus {
  const { bgp, blocks } = sources.desired();
  const counts = sources.dataplane.routes.counts();
  const problems = [
    ...sources.problems(),
    ...sources.degraded(),
    ...datastoreProblems(sources.kinds()),
    ...peerProblems(sources.peers()),
    ...kernelRefusals(sources.dataplane).map(({ what, reason }) => `${what}: ${reason}`),
  ];
  const ages = sources.kinds().map((kind) => kind.age);
  return {
    nodename: sources.nodename,
    version: VERSION,
    pid: process.pid,
    startedAt: sources.startedAt,
    ready: sources.problems().length === 0,
    problems,
    datastore: {
      type: sources.datastoreType,
      inSync: sources.kinds().every((kind) => kind.status === 'in-sync'),
      lastEventAgeSeconds: Math.max(0, ...ages.map((age) => age ?? 0)) / 1000,
    },
    ...(bgp && { bgp: { asn: bgp.asn, routerId: bgp.routerId, peers: sources.peers().map(peerStatus) } }),
    blocks: blocks.map(({ cidr, inUse, size }) => ({ cidr, state: 'confirmed', inUse, size })),
    routes: { desired: counts.desired, programmed: counts.programmed, failed: counts.failed },
  };
}

function peerStatus({ desired, status }: PeerReport): NodeStatusPeer {
  const established = status.state === 'Established';
  return {
    address: status.name,
    family: status.address.includes(':') ? 6 : 4,
    type: desired.type,
    state: established ? 'up' : 'start',
    since: status.since,
    info: established || status.reason === undefined ? status.state : `${status.state} ${status.reason}`,
    remoteAs: status.remoteAs,
    ...status.prefixes,
    malformed: status.malformed,
  };
}

function datastoreProblems(kinds: readonly KindStatus[]): string[] {
  return kinds.flatMap(({ kind, failure, invalid }) => [
    ...(failure === undefined ? [] : [`${kind}: the datastore does not answer: ${failure}`]),
    ...[...invalid].map(([key, reason]) => `${key} is ${reason}`),
  ]);
}

/** What the kernel refuses now, with its own words; each waits for its next attempt. */
export function kernelRefusals({ forwarding, routes, endpoints, nat, qos, tunnels }: Dataplane): Refusal[] {
  return [
    ...forwarding.failures(),
    ...tunnels.failures().map(({ what, reason }) => ({ what: `tunnel ${what}`, reason })),
    ...nat.failures(),
    ...qos.failures(),
    ...routes.failures().map(({ prefix, reason }) => ({ what: `route ${prefix}`, reason })),
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
  return [...dataplane.nat.entries()];
}
