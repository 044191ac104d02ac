import { type ChildProcess, spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { cluster, hasRoute, put, untilNoRoute, vrouter } from './cluster.ts';
import { needsRouters, startBird } from './routers.ts';

/** Announced by the ToR, of AS 65001: of an origin that is right, one that is another's, and one that nobody knows. */
const [VALID, INVALID, UNKNOWN] = ['10.78.0.0/24', '10.79.0.0/24', '10.80.0.0/24'];

const torConfig = (own: string, node: string): string => `router id ${own};
protocol device {}
protocol static { ipv4; ${[VALID, INVALID, UNKNOWN].map((cidr) => `route ${cidr} blackhole;`).join(' ')} }
protocol bgp node1 {
  local ${own} as 65001;
  neighbor ${node} as 64512;
  connect delay time 1;
  error wait time 1, 2;
  ipv4 { import all; export where source = RTS_STATIC; };
}
`;

const READ_METRICS = "process.stdout.write(await (await fetch('http://127.0.0.1:9099/metrics')).text())";

t.test('routes of a ToR are judged by what StayRTR says, and refused as configured', needsRouters, async (t) => {
  const lab = await cluster(t, { nodes: 1 });
  const host = await lab.addHost();
  const [own, node] = [host, lab.node('node1')].map(({ address }) => address.split('/')[0]);
  const { directory } = lab.record.plan;

  /** What is in the file of the validator, put in place whole; the caches look each second. */
  const publish = (owners: Readonly<Record<string, number>>): void => {
    const roas = Object.entries(owners).map(([prefix, asn]) => ({ prefix, asn, maxLength: 24, ta: 'test' }));
    writeFileSync(`${directory}/new`, JSON.stringify({ metadata: { buildtime: '2026-01-01T00:00:00Z' }, roas }));
    renameSync(`${directory}/new`, `${directory}/vrps.json`);
  };
  const startCache = (port: number): ChildProcess => {
    const at = ['-bind', `${own}:${port}`, '-metrics.addr', '127.0.0.1:0', '-cache', `${directory}/vrps.json`];
    const often = ['-checktime=false', '-refresh', '1', '-rtr.refresh', '900', '-rtr.retry', '1'];
    const words = [`--net=/run/netns/${host.namespace}`, '--', 'stayrtr', ...at, ...often];
    const child = spawn('nsenter', words, { stdio: 'ignore' });
    t.teardown(() => child.kill('SIGKILL'));
    return child;
  };
  const ask = async (rpkiInvalid: string): Promise<void> =>
    put(lab, 'BGPConfiguration', 'default', {}, { rpkiCaches: `${own}:8282,${own}:8283`, rpkiInvalid });
  const why = (prefix: string): Promise<string> => vrouter(lab, 'node1', 'bgp', 'route', prefix, '--why');
  const metrics = async (): Promise<string> =>
    (await lab.exec('node1', [process.execPath, '--input-type=module', '-e', READ_METRICS])).stdout;
  const has = (prefix: string) => hasRoute(lab, 'node1', prefix);

  publish({ [VALID]: 65001, [INVALID]: 65099 });
  startBird(t, lab, host.namespace, torConfig(own, node));
  await put(lab, 'BGPPeer', 'tor', { peerIP: own, asNumber: 65001 });
  for (const prefix of [VALID, INVALID, UNKNOWN]) await lab.until(prefix, () => has(prefix));
  const second = startCache(8283);

  await t.test('by default the state is shown, and no route is refused', async (t) => {
    t.notMatch(await why(INVALID), /RPKI/, 'without caches there is no state');
    await ask('Accept');
    await lab.until('the cache', async () => /origin by RPKI: invalid/.test(await why(INVALID)));
    t.match(await why(VALID), /origin by RPKI: valid/);
    t.match(await why(UNKNOWN), /origin by RPKI: not-found/);
    t.ok(await has(INVALID));
  });

  await t.test('the metrics tell of each cache; that the first one is away is no problem of the node', async (t) => {
    const said = await metrics();
    t.match(said, `vrouter_rpki_session_up{cache="${own}:8282"} 0\n`);
    t.match(said, `vrouter_rpki_session_up{cache="${own}:8283"} 1\n`);
    t.match(said, `vrouter_rpki_records{cache="${own}:8283",afi="ipv4"} 2\n`);
    t.match(
      said,
      /vrouter_rpki_session_last_error_timestamp_seconds\{cache="\S+:8282",reason=".*ECONNREFUSED.*"\} [1-9]/,
    );
    t.notMatch((await lab.status('node1')).problems.join(), 'RPKI');
  });

  await t.test('an invalid origin is refused when that is asked for, and named as the reason', async (t) => {
    await ask('Reject');
    await untilNoRoute(lab, 'node1', [INVALID]);
    t.same([await has(VALID), await has(UNKNOWN)], [true, true]);
    t.match(
      await vrouter(lab, 'node1', 'bgp', 'neighbor', own, 'filtered'),
      /10\.79\.0\.0\/24.*origin is invalid by RPKI/s,
    );
  });

  await t.test('the caches say otherwise: routes are judged again, without a word of the ToR', async () => {
    publish({ [VALID]: 65099, [INVALID]: 65001 });
    await lab.until('what is valid now', () => has(INVALID));
    await untilNoRoute(lab, 'node1', [VALID]);
    publish({ [VALID]: 65001, [INVALID]: 65099 });
    await lab.until('what is valid again', () => has(VALID));
    await untilNoRoute(lab, 'node1', [INVALID]);
  });

  let first = startCache(8282);
  await t.test('once the preferred cache is there, it serves', async (t) => {
    await lab.until('the preferred cache', async () =>
      (await metrics()).includes(`vrouter_rpki_records{cache="${own}:8282",afi="ipv4"} 2\n`),
    );
    const said = await metrics();
    t.match(said, `vrouter_rpki_session_up{cache="${own}:8282"} 1\n`);
    t.match(said, `vrouter_rpki_session_up{cache="${own}:8283"} 0\n`);
    t.same([await has(VALID), await has(INVALID)], [true, false]);
  });

  await t.test('no cache is left: the status says so, and what they told holds', async (t) => {
    const told = async () => (await lab.status('node1')).problems.find((text) => text.includes('RPKI'));
    second.kill('SIGKILL');
    first.kill('SIGKILL');
    await lab.until('the problem', async () => (await told())?.includes('ECONNREFUSED'));
    t.match(
      await told(),
      new RegExp(`${own}:8282, ${own}:8283 .*ECONNRE(?:FUSED|SET).*; .* \\(prefixes: 2\\) holds until it expires`),
    );
    t.same([await has(VALID), await has(INVALID)], [true, false]);
    first = startCache(8282);
    await lab.until('the problem to go', async () => (await told()) === undefined);
  });
});
