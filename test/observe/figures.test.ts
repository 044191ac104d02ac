import t from 'tap';
import { ALIAS_SETS, Metrics, type NodeFigures, type NodeReport } from '../../src/observe/index.ts';

const PEERS = 500;
const addresses = Array.from({ length: PEERS }, (_, at) => `10.1.${at >> 8}.${at & 255}`);

const REPORT: NodeReport = {
  nodename: 'n1',
  version: '0.1.0',
  pid: 1,
  startedAt: 0,
  ready: true,
  problems: [],
  datastore: { type: 'sqlite', inSync: true, lastEventAgeSeconds: 2 },
  bgp: {
    asn: 64512,
    routerId: '172.16.0.1',
    peers: addresses.map((address, at) => ({
      address,
      family: 4,
      type: 'node-to-node mesh',
      since: 5000,
      session: 'Established',
      remoteAs: 64512,
      received: at,
      accepted: at,
      advertised: 1,
      lastError: { reason: `the ${at}th reason`, at: 1000 },
    })),
  },
  blocks: [],
  routes: { desired: 7, programmed: 6, failed: 1 },
};

const FIGURES: NodeFigures = {
  config: { loaded: true, stale: true },
  objects: [{ kind: 'Node', count: PEERS + 1 }],
  routes: [{ proto: 'bgp', table: 'main', afi: 'ipv4', count: 100_000 }],
  policy: { endpoints: 30, policies: 20, sets: 10 },
  heartbeats: { filter: 1.5 },
  peers: addresses.map((peer) => ({
    peer,
    messages: { received: { open: 1, update: 9 }, sent: { open: 2, keepalive: 3 } },
    notification: { code: 6, subcode: 4, direction: 'received' },
  })),
  bfdPackets: { sent: 0, received: 0, unheard: 0, unsent: 0 },
  rpkiCaches: [
    {
      ...{ cache: '10.0.0.50:323', isUp: true, records: { ipv4: 4, ipv6: 2 }, serial: 7 },
      lastError: { at: 5000, reason: 'it was away' },
    },
    { cache: '[fd00::50]:323', isUp: false, records: { ipv4: 0, ipv6: 0 }, serial: undefined, lastError: undefined },
  ],
};

function metrics(more: Partial<ConstructorParameters<typeof Metrics>[0]> = {}) {
  const looks = { status: 0, figures: 0 };
  const made = new Metrics({
    status: () => {
      looks.status++;
      return REPORT;
    },
    figures: () => {
      looks.figures++;
      return FIGURES;
    },
    routesWritten: () => ({}),
    ...more,
  });
  return { made, looks };
}

const samples = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

t.test('figures are shown by their names', async (t) => {
  const lines = samples(await metrics().made.text());
  for (const line of [
    'vrouter_config_loaded_bool 1',
    'vrouter_config_stale_bool 1',
    'vrouter_component_heartbeat_age_seconds{component="filter"} 1.5',
    'vrouter_datastore_objects{kind="Node"} 501',
    'vrouter_routes{proto="bgp",table="main",afi="ipv4"} 100000',
    'vrouter_policy_objects{what="sets"} 10',
    'vrouter_bgp_messages_total{peer="10.1.0.7",type="update",direction="received"} 9',
    'vrouter_bgp_messages_total{peer="10.1.0.7",type="refresh",direction="sent"} 0',
    'vrouter_bgp_last_notification_info{peer="10.1.0.7",code="6",subcode="4",direction="received"} 1',
    'vrouter_bgp_session_established_timestamp_seconds{peer="10.1.0.7"} 5',
    'vrouter_rpki_session_up{cache="10.0.0.50:323"} 1',
    'vrouter_rpki_session_up{cache="[fd00::50]:323"} 0',
    'vrouter_rpki_records{cache="10.0.0.50:323",afi="ipv6"} 2',
    'vrouter_rpki_serial{cache="10.0.0.50:323"} 7',
    'vrouter_rpki_session_last_error_timestamp_seconds{cache="10.0.0.50:323",reason="it was away"} 5',
    'vrouter_rpki_session_last_error_timestamp_seconds{cache="[fd00::50]:323",reason=""} 0',
  ]) {
    t.ok(lines.includes(line), line);
  }
});

t.test('a peer costs 25 series, whatever it says, and all of them one look at the node', async (t) => {
  const { made, looks } = metrics();
  const lines = samples(await made.text());
  t.equal(lines.filter((line) => line.includes('peer="')).length, 25 * PEERS);
  t.ok(lines.length < 25 * PEERS + 300, `${lines.length} series`);
  t.same(looks, { status: 1, figures: 1 });
  await made.text();
  t.same(looks, { status: 2, figures: 2 }, 'the next answer looks again');
});

t.test('a node with 500 peers and 2,000 policies has less than 28,000 series, by all names', async (t) => {
  const policies = Array.from({ length: 2000 }, (_, at) => ({
    ...{ tier: 'default', namespace: `ns${at % 100}`, policy: `NetworkPolicy ns${at % 100}/p${at}` },
    ...{ packets: 2, bytes: 80 },
  }));
  const directions = ['ingress', 'egress'];
  const rules = policies.flatMap((one) =>
    directions.flatMap((direction) =>
      ['0', '1', '2', '3', '4'].map((rule) => ({ ...one, direction, rule, verdict: 'allow' as const })),
    ),
  );
  const { made } = metrics({
    aliases: ALIAS_SETS,
    policy: {
      drops: async () => policies.flatMap((one) => directions.map((direction) => ({ ...one, direction }))),
      disagreements: () => 0,
      rules: async () => rules,
    },
  });
  const lines = samples(await made.text());
  t.ok(lines.length < 28_000, `${lines.length} series`);
  const names = new Set(lines.filter((line) => line.includes('p1999')));
  t.same([...names], [], 'what is beyond has no name');
});
