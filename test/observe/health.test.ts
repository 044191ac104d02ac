import t from 'tap';
import { componentHealth, type NodeReport, nodeHealth, type ReportedPeer } from '../../src/observe/index.ts';

const peer: ReportedPeer = {
  address: '10.0.0.2',
  family: 4,
  type: 'node-to-node mesh',
  session: 'Established',
  since: 0,
  remoteAs: 64512,
  received: 3,
  accepted: 2,
  advertised: 1,
};
const well: NodeReport = {
  nodename: 'n1',
  version: '0.1.0',
  pid: 1,
  startedAt: 0,
  ready: true,
  serving: true,
  problems: [],
  datastore: { type: 'etcdv3', inSync: true, lastEventAgeSeconds: 2.4 },
  bgp: { asn: 64512, routerId: '10.0.0.1', peers: [peer, { ...peer, address: '10.0.0.3' }] },
  blocks: [{ cidr: '10.1.0.0/26', state: 'confirmed', inUse: 5, size: 64 }],
  routes: { desired: 7, programmed: 7, failed: 0 },
  endpoints: { desired: 5, missing: 0, strange: 0 },
  policy: { policies: 2, endpoints: 5, refused: 0 },
};
const down = { ...peer, session: 'Active' } as const;

/** What is other than in a node that is well, and which part says so. */
const rows: readonly (readonly [Partial<NodeReport>, string, string, RegExp])[] = [
  [{}, 'datastore', 'ok', /^etcdv3, in sync, last word 2 s ago$/],
  [{}, 'bgp', 'ok', /^AS 64512, 2 of 2 sessions up, 4 routes accepted, 2 advertised$/],
  [{}, 'routes', 'ok', /^7 of 7 in the kernel$/],
  [{}, 'pods', 'ok', /^5 here$/],
  [{}, 'blocks', 'ok', /^1, 5 of 64 addresses in use$/],
  [{}, 'policy', 'ok', /^2 policies for 5 endpoints$/],
  [{ policy: { policies: 1, endpoints: 1, refused: 0 } }, 'policy', 'ok', /^1 policy for 1 endpoint$/],
  [{ bgp: { ...well.bgp!, peers: [{ ...peer, accepted: 1 }] } }, 'bgp', 'ok', /, 1 route accepted,/],
  [{ datastore: { ...well.datastore, inSync: false } }, 'datastore', 'down', /not in sync/],
  [{ bgp: { ...well.bgp!, peers: [peer, down] } }, 'bgp', 'degraded', /1 of 2/],
  [{ bgp: { ...well.bgp!, peers: [down] } }, 'bgp', 'down', /0 of 1/],
  [{ bgp: { ...well.bgp!, peers: [] } }, 'bgp', 'ok', /0 of 0/],
  [{ routes: { desired: 7, programmed: 5, failed: 2 } }, 'routes', 'degraded', /5 of 7 in the kernel, 2 refused/],
  [{ routes: { desired: 7, programmed: 0, failed: 7 } }, 'routes', 'down', /7 refused/],
  [{ endpoints: { desired: 5, missing: 1, strange: 2 } }, 'pods', 'degraded', /5 here, 1 without .*, 2 interfaces/],
  [{ serving: false }, 'pods', 'down', /5 here/],
  [{ policy: { policies: 2, endpoints: 5, refused: 1 } }, 'policy', 'degraded', /1 part refused/],
];

t.test('each part is told in one word with its figures', (t) => {
  for (const [other, name, health, detail] of rows) {
    const found = componentHealth({ ...well, ...other }).find((one) => one.name === name);
    t.match(found, { health, detail }, `${name} ${health}`);
  }
  const { bgp: _, policy: _policy, ...less } = well;
  const off = componentHealth(less).filter(({ health }) => health === 'off');
  t.same(
    off.map(({ name }) => name),
    ['bgp', 'policy'],
  );
  const told = new Set(rows.map(([, name]) => name));
  t.same(
    componentHealth(well).filter(({ name }) => !told.has(name)),
    [],
    'no part is left out of the table',
  );
  t.end();
});

t.test('the node is well when it is ready without a problem, and down when it serves no pods', (t) => {
  t.equal(nodeHealth(well), 'ok');
  t.equal(nodeHealth({ ...well, problems: ['x'] }), 'degraded');
  t.equal(nodeHealth({ ...well, ready: false }), 'degraded');
  t.equal(nodeHealth({ ...well, ready: false, serving: false }), 'down');
  t.end();
});
