import { VERSION } from '../base/index.ts';
import type { RouteTable } from '../dataplane/index.ts';
import { type DeviceNames, deviceNames } from '../netlink/index.ts';
import type { PeerReport, Routing } from '../routing/index.ts';
import type { QuerySources } from './queries.ts';

/** Routes of one family that are told: an object of a datastore holds a megabyte or so. */
const MOST_ROUTES = 5000;
const NONE = 'N/A';

type NodeStatusSources = Pick<QuerySources, 'startedAt' | 'dataplane' | 'desired' | 'peers'>;
type Status = Readonly<Record<string, unknown>>;

/**
 * The contents of this node's CalicoNodeStatus: of each class that is asked for, in the fields and words of Calico's
 * `status` (agent, bgp, routes). BIRD's place is taken by our own speaker.
 */
export function calicoNodeStatus(
  classes: readonly string[],
  sources: NodeStatusSources,
  speaker: Routing['speaker'],
): Status {
  return {
    ...(classes.includes('Agent') && { agent: agent(sources) }),
    ...(classes.includes('BGP') && { bgp: bgp(sources) }),
    ...(classes.includes('Routes') && {
      routes: { routesV4: routes(sources, speaker, 4), routesV6: routes(sources, speaker, 6) },
    }),
  };
}

function agent({ desired, startedAt }: NodeStatusSources): Status {
  const own = desired().bgp;
  const began = new Date(startedAt).toISOString().slice(0, 19).replace('T', ' ');
  const speaker =
    own === undefined
      ? { state: 'NotReady' }
      : {
          state: 'Ready',
          version: VERSION,
          routerID: own.routerId,
          lastBootTime: began,
          lastReconfigurationTime: began,
        };
  return { birdV4: speaker, birdV6: speaker };
}

/** As Calico's API names the types; it has none for pods. */
const PEER_TYPES: Readonly<Record<string, string>> = {
  'node-to-node mesh': 'NodeMesh',
  'node specific': 'NodePeer',
  global: 'GlobalPeer',
  'local workload': 'NodePeer',
};

function bgp({ peers }: NodeStatusSources): Status {
  const all = peers();
  const [four, six] = [false, true].map((isSix) => all.filter(({ status }) => status.address.includes(':') === isSix));
  const ups = (some: readonly PeerReport[]): number =>
    some.filter(({ status }) => status.state === 'Established').length;
  const told = ({ desired, status }: PeerReport): Status => ({
    peerIP: status.address,
    type: PEER_TYPES[desired.type] ?? 'GlobalPeer',
    state: status.state,
    since: new Date(status.since).toISOString().slice(0, 19).replace('T', ' '),
  });
  return {
    numberEstablishedV4: ups(four),
    numberNotEstablishedV4: four.length - ups(four),
    numberEstablishedV6: ups(six),
    numberNotEstablishedV6: six.length - ups(six),
    peersV4: four.map(told),
    peersV6: six.map(told),
  };
}

/** The node's routes as BIRD lists them: those in use (FIB), and paths that lost against one of them (RIB). */
function routes(sources: NodeStatusSources, speaker: Routing['speaker'], family: 4 | 6): readonly Status[] {
  const table = sources.dataplane.routes.tables[family];
  const names = deviceNames([...sources.dataplane.links.values()]);
  const types = new Map(sources.peers().map(({ desired, status }) => [status.name, desired.type]));
  const told: Status[] = [];
  for (let prefix = 0; prefix < table.prefixes.limit && told.length < MOST_ROUTES; prefix++) {
    const source = table.sourceOf(prefix);
    if (source === undefined || table.desired(prefix) === 0) continue;
    const destination = table.prefixes.text(prefix);
    const ways = waysOf(table, prefix, names);
    if (source !== 'bgp') {
      const sourceType = source === 'blackhole' ? 'Static' : 'Kernel';
      told.push(...ways.map((way) => ({ type: 'FIB', destination, ...way, learnedFrom: { sourceType } })));
      continue;
    }
    for (const path of speaker?.explain(destination).paths ?? []) {
      if (path.peer === 'local') continue;
      const isMesh = types.get(path.peer) === 'node-to-node mesh';
      const way = ways.find(({ gateway }) => gateway === path.nextHop) ?? ways[0];
      told.push({
        type: path.best ? 'FIB' : 'RIB',
        destination,
        gateway: path.nextHop,
        interface: way?.interface ?? NONE,
        learnedFrom: { sourceType: isMesh ? 'NodeMesh' : 'BGPPeer', peerIP: path.peer },
      });
    }
  }
  return told;
}

interface Way {
  readonly gateway: string;
  readonly interface: string;
}

function waysOf(table: RouteTable, prefix: number, names: DeviceNames): readonly Way[] {
  const { kind, nextHops } = table.infos.info(table.desired(prefix));
  if (nextHops.length === 0) return [{ gateway: NONE, interface: kind }];
  return nextHops.map(({ via, dev }) => ({
    gateway: via ?? NONE,
    interface: dev === undefined ? NONE : (names.get(dev) ?? String(dev)),
  }));
}
