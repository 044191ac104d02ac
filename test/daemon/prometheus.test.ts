import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import * as z from 'zod';
import { systemClock } from '../../src/base/index.ts';
import { until } from '../../src/lab/until.ts';
import { newResource } from '../../src/model/index.ts';
import { boardQueries } from '../deploy/board-queries.ts';
import { loneDaemon, PEER, PORT } from './lone-daemon.ts';

t.setTimeout(0);

const METRICS = 40_000 + (process.pid % 10_000);
const API = METRICS + 10_000;

const answerSchema = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

/** Prometheus scrapes the daemon each second until the test ends. */
function prometheus(t: { teardown(end: () => Promise<void>): void }): (query: string) => Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-prometheus-'));
  const file = join(folder, 'prometheus.yaml');
  const targets = [{ targets: [`127.0.0.1:${METRICS}`] }];
  const scrape = [{ job_name: 'vrouter', scrape_interval: '1s', scrape_timeout: '1s', static_configs: targets }];
  writeFileSync(file, stringify({ scrape_configs: scrape }));
  const flags = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${API}`,
  ];
  const program = spawn('prometheus', flags, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => program.once('close', () => resolve()));
  t.teardown(async () => {
    program.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  });
  return async (query) => {
    const answer = await fetch(`http://127.0.0.1:${API}/api/v1/query?query=${encodeURIComponent(query)}`).catch(
      () => undefined,
    );
    if (!answer?.ok) return [];
    return answerSchema.parse(await answer.json()).data.result.map(({ value }) => value[1]);
  };
}

t.test('a real Prometheus finds the daemon, its sessions and, where asked for, the names of others', async (t) => {
  await loneDaemon(t, {
    environment: {
      FELIX_PROMETHEUSMETRICSENABLED: 'true',
      FELIX_PROMETHEUSMETRICSHOST: '127.0.0.1',
      FELIX_PROMETHEUSMETRICSPORT: String(METRICS),
      VROUTER_METRIC_ALIASES: 'felix,frr',
    },
  });
  const ask = prometheus(t);
  const finds = async (query: string, value: string): Promise<void> => {
    await until(systemClock, query, async () => (await ask(query)).join() === value);
    t.same(await ask(query), [value], query);
  };
  await finds('up{job="vrouter"}', '1');
  await finds('vrouter_config_loaded_bool', '1');
  await finds(`vrouter_bgp_session_up{peer="${PEER}:${PORT}"} or vrouter_bgp_session_up{peer="${PEER}"}`, '0');
  await finds('vrouter_datastore_objects{kind="IPPool"}', '1');
  await finds('felix_cluster_num_hosts', '1');
  await finds('frr_bgp_peers_count_total', '1');
});

/** Panels that show something only when something has happened, with what that would be. */
const SILENT: Readonly<Record<string, string>> = {
  'What the kernel refuses': 'a refusal',
  Restart: 'a restart while Prometheus looks',
  'Configuration stale': 'something refused or not understood',
  'Established for': 'a peer that is there',
  'Last NOTIFICATION': 'the end of a session',
  'Seem to be nobody’s, and taken back': 'an address without a pod',
  'Denied packets': 'a packet in the kernel, and this one is a fake',
  'Denied bytes': 'the same',
  'Packets by rule': 'the same',
  'Packets that tunnels lose': 'a tunnel',
  'Paths to other nodes: round trip': 'another node that answers',
};

t.test('what the boards ask, this Prometheus answers: with data, but for what has not happened', async (t) => {
  const { add, store } = await loneDaemon(t, {
    environment: {
      FELIX_PROMETHEUSMETRICSENABLED: 'true',
      FELIX_PROMETHEUSMETRICSHOST: '127.0.0.1',
      FELIX_PROMETHEUSMETRICSPORT: String(METRICS),
      VROUTER_POLICY_RULE_COUNTERS: 'true',
      VROUTER_PATH_PROBE_INTERVAL: '1',
    },
  });
  await store.create(newResource('Node', { name: 'n2' }, { bgp: { ipv4Address: `${PEER}/24` } }));
  await store.create(
    newResource('GlobalNetworkPolicy', { name: 'all' }, { selector: 'all()', ingress: [{ action: 'Allow' }] }),
  );
  await add('c1');
  const ask = prometheus(t);
  const silent = async (): Promise<readonly string[]> => {
    const titles = await Promise.all(
      boardQueries().map(async ({ title, expr }) => ((await ask(expr)).length === 0 ? [title] : [])),
    );
    return [...new Set(titles.flat())].sort();
  };
  const expected = Object.keys(SILENT).sort();
  await until(systemClock, 'the rest', async () => (await silent()).join() === expected.join());
  t.same(await silent(), expected);
});
