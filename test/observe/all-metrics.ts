import { Metrics, type NodeFigures, type NodeReport } from '../../src/observe/index.ts';

const PEERS = [
  ['10.0.0.2', 'node-to-node mesh', 6],
  ['[fd00::3]:1790', 'global', 3],
] as const;

export const REPORT: NodeReport = {
  nodename: 'n1',
  version: '0.1.0',
  pid: 1,
  startedAt: 0,
  ready: true,
  problems: [],
  datastore: { type: 'sqlite', inSync: true, lastEventAgeSeconds: 2 },
  bgp: {
    asn: 64512,
    routerId: '10.0.0.1',
    peers: PEERS.map(([address, type, state]) => ({
      ...{ address, type, family: address.includes(':') && address.startsWith('[') ? 6 : 4, since: 40_000 },
      ...{ session: state === 6 ? 'Established' : 'Active', remoteAs: 64513, received: 9, accepted: 7, advertised: 3 },
      bfd: { state: 'Up', detectionTime: 150, downs: 1 },
    })),
  },
  blocks: [{ cidr: '10.244.0.0/26', state: 'confirmed', inUse: 5, size: 64 }],
  routes: { desired: 7, programmed: 6, failed: 1 },
  endpoints: { desired: 4, missing: 0, strange: 0 },
};

const FIGURES: NodeFigures = {
  config: { loaded: true, stale: false },
  objects: [
    { kind: 'Node', count: 3 },
    { kind: 'NetworkPolicy', count: 5 },
    { kind: 'GlobalNetworkPolicy', count: 2 },
  ],
  routes: [
    { proto: 'bgp', table: 'main', afi: 'ipv4', count: 10 },
    { proto: 'workload', table: 'main', afi: 'ipv4', count: 4 },
  ],
  policy: { endpoints: 4, policies: 6, sets: 8 },
  heartbeats: { filter: 0 },
  peers: PEERS.map(([peer]) => ({
    peer,
    messages: { received: { open: 1, update: 9 }, sent: { open: 2, keepalive: 3 } },
  })),
  bfdPackets: { sent: 40, received: 39, unheard: 1, unsent: 0 },
  rpkiCaches: [
    {
      ...{ cache: '10.0.0.50:323', isUp: true, records: { ipv4: 4, ipv6: 2 }, serial: 7 },
      lastError: { at: 1000, reason: 'it was away' },
    },
    { cache: '[fd00::50]:323', isUp: false, records: { ipv4: 0, ipv6: 0 }, serial: undefined, lastError: undefined },
  ],
};

const RULE = {
  tier: 'default',
  namespace: 'red',
  policy: 'p',
  rule: '0',
  direction: 'ingress',
  verdict: 'allow',
} as const;
const PATH = { node: 'n2', path: 'overlay', afi: 'ipv4' } as const;
const PLACE = { ippool: 'p', node: 'n1' };

/** Every metric that a daemon can have, each with series. */
export function allMetrics(aliases: ConstructorParameters<typeof Metrics>[0]['aliases'] = []): Metrics {
  return new Metrics({
    aliases,
    status: () => REPORT,
    figures: () => FIGURES,
    routesWritten: () => ({ add: 1, replace: 0, delete: 0 }),
    heartbeat: { lag: 0.1, lastBeat: 100 },
    ignored: () => new Map([['Node', 1]]),
    refused: () => [{ what: 'route 10.0.0.0/26', reason: 'File "exists"\n\\' }],
    ipam: async () => ({
      ipam_ippool_size: [[{ ippool: 'p' }, 256]],
      ipam_blocks: [[PLACE, 1]],
      ipam_allocations_in_use: [[PLACE, 5]],
      ipam_allocations_borrowed: [[PLACE, 0]],
      ipam_allocations_gc_candidates: [[PLACE, 0]],
      ipam_allocations_gc_reclamations: [[PLACE, 2]],
    }),
    paths: () => ({ podMtu: 1450, ways: [{ ...PATH, loss: 0.25, mtu: 1400 }] }),
    policy: {
      drops: async () => [{ packets: 1, bytes: 40, tier: 'default', policy: 'p', direction: 'ingress' }],
      disagreements: () => 0,
      rules: async () => [{ ...RULE, packets: 3, bytes: 90 }],
    },
  });
}

export const samplesOf = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
