/**
 * What one change costs the calculation in clusters of 500 to 5,000 nodes with 4 blocks and 10 pods each, what a stream of
 * changes and of heartbeats costs, and what it takes to be in sync with the largest on sqlite and etcd; and what a label
 * costs the index of selectors. `node bench/scale.ts [--nodes N]… [--engine sqlite|etcd|none]`
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { build } from 'esbuild';
import { modules, programs } from '../deploy/bundling.ts';
import { NODE_FLAGS } from '../deploy/node-flags.ts';
import { Calculation, type SourceUpdate } from '../src/calc/index.ts';
import { LabelIndex } from '../src/calc/label-index.ts';
import { type DatastoreConfig, openStore } from '../src/datastore/index.ts';
import type { KindName, ResourceOf } from '../src/model/index.ts';
import { EtcdServer } from '../test/datastore/etcd/server.ts';
import { BLOCKS_EACH, blockOf, cluster, nodeOf, podOf, poolOf, smallPoolOf } from './scale-cluster.ts';
import type { Start } from './scale-start.ts';

const { values } = parseArgs({
  options: { nodes: { type: 'string', multiple: true }, engine: { type: 'string', multiple: true } },
});
const SIZES = (values.nodes ?? ['500', '1000', '2000', '5000']).map(Number);
const ENGINES = values.engine ?? ['sqlite', 'etcd'];
const ROUNDS = 1000;
const WARM_UP = 300;

function update(resource: ResourceOf<KindName>): SourceUpdate {
  const { kind, metadata } = resource;
  return { key: { kind: kind as KindName, name: metadata.name, namespace: metadata.namespace }, resource };
}

/** One change of each kind, the `turn`th, somewhere in a cluster of that size. */
const CHANGES: Readonly<Record<string, (turn: number, nodes: number) => ResourceOf<KindName>>> = {
  'Node: a label': (turn, nodes) => nodeOf(other(turn, nodes), { rack: turn }),
  'Node: its tunnel address': (turn, nodes) => nodeOf(other(turn, nodes), { tunnel: 0x00f00000 + turn }),
  'block: one address borrowed': (turn, nodes) =>
    blockOf(other(turn, nodes) * BLOCKS_EACH, 3, turn % 3 === 0 ? undefined : other(turn + 7, nodes)),
  'block: one more address in use': (turn, nodes) => blockOf(other(turn, nodes) * BLOCKS_EACH + 1, 1 + (turn % 60)),
  'pod of this node': (turn) => podOf(0, turn % 10, Math.floor(turn / 10)),
  'pod of another node': (turn, nodes) => podOf(other(turn, nodes), turn % 10, turn),
  'pool: natOutgoing': (turn) => poolOf(turn % 2 === 0),
  'pool of four blocks: VXLAN mode': (turn) => smallPoolOf(turn % 2 === 0 ? 'Always' : 'CrossSubnet'),
};

function other(turn: number, nodes: number): number {
  return 1 + ((turn * 7919) % (nodes - 1));
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

function loaded(nodes: number): Calculation {
  const calculation = new Calculation({ nodename: 'node-0' });
  calculation.apply([...cluster(nodes)].map(update));
  calculation.desired();
  return calculation;
}

/** Milliseconds of each change, in ascending order. */
function timed(calculation: Calculation, nodes: number, change: (typeof CHANGES)[string]): number[] {
  const times: number[] = [];
  for (let turn = 0; turn < WARM_UP + ROUNDS; turn++) {
    const batch = [update(change(turn, nodes))];
    const begin = performance.now();
    calculation.apply(batch);
    calculation.desired();
    const took = performance.now() - begin;
    if (turn >= WARM_UP) times.push(took);
  }
  return times.sort((a, b) => a - b);
}

/** Part of a core, in per cent, that so many updates a second take, each made by `change`. */
function load(calculation: Calculation, perSecond: number, change: (turn: number) => ResourceOf<KindName>): number {
  const batches = Array.from({ length: perSecond * 20 }, (_, turn) => [update(change(turn))]);
  const before = process.cpuUsage();
  for (const batch of batches) {
    calculation.apply(batch);
    calculation.desired();
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1e6 / 20) * 100;
}

const rows = new Map<string, string[]>();
const milliseconds = (value: number): string => value.toFixed(3);
for (const nodes of SIZES) {
  const calculation = loaded(nodes);
  for (const [name, change] of Object.entries(CHANGES)) {
    const times = timed(calculation, nodes, change);
    const row = rows.get(name) ?? [];
    rows.set(name, row);
    row.push(`${milliseconds(quantile(times, 0.5))} / ${milliseconds(quantile(times, 0.99))}`);
  }
  if (nodes !== SIZES.at(-1)) continue;
  const kinds = Object.values(CHANGES);
  const changes = load(calculation, 100, (turn) => kinds[turn % kinds.length](turn, nodes));
  const beat = (turn: number): ResourceOf<'Node'> => nodeOf(other(turn % 500, nodes), { rack: 9, beat: turn });
  for (let turn = 0; turn < 500; turn++) calculation.apply([update(beat(turn))]);
  calculation.desired();
  const beats = load(calculation, 17, beat);
  rows.set('', []);
  rows.set(`100 of these a second, ${nodes} nodes`, [`${changes.toFixed(2)} % of a core`]);
  rows.set('17 heartbeats a second that change nothing', [`${beats.toFixed(3)} % of a core`]);
}
console.log(`${'ms, median / p99'.padEnd(44)}${SIZES.map((nodes) => `${nodes} nodes`.padEnd(18)).join('')}`);
for (const [name, row] of rows)
  console.log(`${name.padEnd(44)}${row.map((cell) => cell.padEnd(18)).join('')}`.trimEnd());

/** One label of one of 50,000 endpoints changes, with 5,000 selectors of the kinds that policies have. */
function labelChange(): string {
  const index = new LabelIndex();
  const labels = (pod: number, app: number) => ({
    app: `a${app}`,
    tier: `t${pod % 5}`,
    hash: `h${pod % 9000}`,
    pod: `${pod}`,
  });
  for (let pod = 0; pod < 50_000; pod++) index.label(`default/web-${pod}`, labels(pod, pod % 2500));
  for (let at = 0; at < 5000; at++) {
    const app = `a${at % 2500}`;
    const kinds = [
      `app == '${app}' && tier == 't${at % 5}'`,
      `app in {'${app}', 'b${at}'}`,
      `app == '${app}' && !has(x${at})`,
    ];
    index.select(kinds[at % kinds.length]);
  }
  for (const text of ['all()', 'has(app)', "tier != 't1'"]) index.select(text);
  const times: number[] = [];
  for (let turn = 0; turn < 10_000; turn++) {
    const pod = (turn * 7919) % 50_000;
    const begin = performance.now();
    index.label(`default/web-${pod}`, labels(pod, (pod + turn + 1) % 2500));
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  return `${milliseconds(quantile(times, 0.5))} / ${milliseconds(quantile(times, 0.99))}`;
}
console.log(`\n${'one label, 5,000 selectors × 50,000 endpoints'.padEnd(46)}${labelChange()}`);

/** As the daemon is started: what Node strips of types takes a second of its own. The program's file. */
async function bundled(file: string): Promise<string> {
  const outdir = join(import.meta.dirname, '../node_modules/.cache/scale');
  await rm(outdir, { recursive: true, force: true });
  const entryPoints = [join(import.meta.dirname, file)];
  await build({ ...programs, ...modules, entryPoints, outdir, outExtension: { '.js': '.mjs' } });
  return join(outdir, file.replace(/ts$/, 'mjs'));
}

async function start(engine: string): Promise<string> {
  const nodes = SIZES.at(-1) ?? 0;
  const etcd = engine === 'etcd' ? await EtcdServer.start() : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'vrt-scale-'));
  try {
    const config: DatastoreConfig =
      etcd === undefined
        ? { type: 'sqlite', path: join(folder, 'db') }
        : { type: 'etcdv3', endpoints: [etcd.endpoint] };
    const store = await openStore(config);
    let writing: Promise<unknown>[] = [];
    for (const resource of cluster(nodes)) {
      writing.push(store.create(resource));
      if (writing.length === 200) await Promise.all(writing);
      if (writing.length === 200) writing = [];
    }
    await Promise.all(writing);
    await store.close();
    const script = await bundled('scale-start.ts');
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [...NODE_FLAGS, script, JSON.stringify(config)]);
    const { processor, seconds, objects, peak, after } = JSON.parse(stdout) as Start;
    return `${engine}: in sync with ${objects} objects after ${processor.toFixed(1)} s of processor (${seconds.toFixed(1)} s); ${peak.toFixed(0)} MiB at most, ${after.toFixed(0)} MiB then`;
  } finally {
    await etcd?.stop();
    await rm(folder, { recursive: true });
  }
}
for (const engine of ENGINES.filter((one) => one !== 'none')) console.log(await start(engine));
