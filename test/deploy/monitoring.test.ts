import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import { ALERTS } from '../../deploy/monitoring/alerts.ts';
import { dashboard } from '../../deploy/monitoring/board.ts';
import { BOARDS } from '../../deploy/monitoring/boards.ts';
import { monitoringFiles } from '../../deploy/monitoring/write.ts';
import { allMetrics } from '../observe/all-metrics.ts';
import { boardQueries } from './board-queries.ts';
import { RULE_CASES } from './rule-cases.ts';

const alerts = Object.values(ALERTS).flat();
const RULES = 'deploy/monitoring/vrouter.rules.yaml';

/** Grafana's own panels, of those that the sources know. */
const KINDS = ['stat', 'timeseries', 'table', 'gauge', 'heatmap'];
/** What Prometheus or kube-state-metrics have, and no daemon. */
const OF_OTHERS = ['kube_node_status_condition'];
const WORDS =
  /^(sum|count|max|min|avg|topk|by|on|and|or|unless|rate|increase|changes|time|vector|histogram_quantile|max_over_time|min_over_time|group_left|label_values|Inf)$/;

/** The metrics that an expression names: its words without those of the language and of label sets. */
function metricsIn(expr: string): readonly string[] {
  const bare = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|on)\s*\([^)]*\)/g, '')
    .replaceAll(/label_values\(([^,)]*)(,[^)]*)?\)/g, '$1');
  return [...bare.matchAll(/[a-zA-Z_][a-zA-Z0-9_]*/g)].map(([word]) => word).filter((word) => !WORDS.test(word));
}

/** Of every metric its series' names and their labels, with those that Prometheus adds. */
const exported = new Map(
  allMetrics()
    .described()
    .flatMap(({ name, type, labels }) =>
      (type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name]).map(
        (one) => [one, new Set([...labels, 'instance', 'job', 'cluster', 'le'])] as const,
      ),
    ),
);

const boardExpressions = BOARDS.flatMap((board) => {
  const { panels, templating, annotations } = dashboard(board);
  return [
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...templating.list.flatMap((one) => ('definition' in one ? [one.definition] : [])),
    ...annotations.list.map(({ expr }) => expr),
  ].map((expr) => [board.uid, expr] as const);
});

t.test('the files are those that the sources make (node deploy/monitoring/write.ts writes them)', async (t) => {
  const files = monitoringFiles();
  for (const [path, text] of files) t.equal(readFileSync(path, 'utf8'), text, path);
  t.same(globSync(['docs/runbooks/*', 'deploy/monitoring/**/*.{json,yaml}']).sort(), [...files.keys()].sort());
});

t.test('every expression names metrics that the daemon exports, with labels that they have', async (t) => {
  t.same(metricsIn('sum by (a) (rate(x_total{b="c d"}[5m])) / on (e) max(y) > 0.5'), ['x_total', 'y']);
  for (const [where, expr] of [...boardExpressions, ...alerts.map(({ name, expr }) => [name, expr] as const)]) {
    const named = metricsIn(expr);
    t.ok(named.length > 0, expr);
    for (const name of named) t.ok(exported.has(name) || OF_OTHERS.includes(name), `${where}: ${name}`);
    for (const [, name, labels] of expr.matchAll(/([a-z_]+)\{([^}]*)\}/g)) {
      if (OF_OTHERS.includes(name)) continue;
      for (const [, label] of labels.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)) {
        t.ok(exported.get(name)?.has(label), `${where}: ${name} has ${label}`);
      }
    }
  }
});

t.test('each alert says what is so, how bad it is and where to read on', async (t) => {
  for (const { name, summary, description, impact, look, mend } of alerts) {
    for (const text of [summary, description, impact]) t.ok(text.length > 10, name);
    t.ok(look.length > 0 && mend.length > 0, name);
  }
  t.match(readFileSync(RULES, 'utf8'), /runbook_url: .*BGPSessionDown\.md/);
  t.equal(new Set(alerts.map(({ name }) => name)).size, alerts.length);
});

t.test('boards are as Grafana wants them', async (t) => {
  t.same(
    BOARDS.map(({ uid }) => uid),
    ['vrouter-overview', 'vrouter-bgp', 'vrouter-ipam', 'vrouter-policy', 'vrouter-node'],
  );
  for (const board of BOARDS.map(dashboard)) {
    t.equal(board.id, null);
    t.ok(board.schemaVersion >= 39);
    for (const panel of board.panels) {
      t.ok(panel.gridPos.x + panel.gridPos.w <= 24, panel.title);
      t.ok(panel.fieldConfig.defaults.unit !== '' && panel.datasource.uid === '$datasource', panel.title);
    }
    t.notMatch(JSON.stringify(board), /rate\([^[]*\[\d/, 'rates go by $__rate_interval');
  }
});

t.test('panels have an id of their own, a place of their own, and ask for nothing that is not declared', async (t) => {
  for (const board of BOARDS.map(dashboard)) {
    // As a file: what JSON can't say would be lost on its way.
    const { panels, templating, ...told } = JSON.parse(
      readFileSync(`deploy/monitoring/boards/${board.uid}.json`, 'utf8'),
    );
    t.match(told, { uid: board.uid, id: null, schemaVersion: 39, tags: ['vrouter', 'cni', 'bgp'] });
    t.same(new Set(panels.map(({ id }: { id: number }) => id)).size, panels.length, `${board.uid}: ids`);
    t.same(new Set(panels.map(({ title }: { title: string }) => title)).size, panels.length, `${board.uid}: titles`);
    const taken = new Map<string, string>();
    for (const { title, type, gridPos, targets } of board.panels) {
      t.ok(KINDS.includes(type), `${title} is ${type}`);
      const { x, y, w, h } = gridPos;
      t.ok(Math.min(x, y) >= 0 && Math.min(w, h) > 0, title);
      for (let column = x; column < x + w; column++) {
        for (let row = y; row < y + h; row++) {
          const place = `${column},${row}`;
          if (taken.has(place)) t.fail(`${board.uid}: ${title} and ${taken.get(place)} are both at ${place}`);
          taken.set(place, title);
        }
      }
      t.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, `${title}: each target by its letter`);
    }
    const declared = templating.list.map(({ name }: { name: string }) => name);
    t.equal(declared[0], 'datasource', 'which the others ask');
    t.match(templating.list[0], { type: 'datasource', query: 'prometheus' });
    for (const [used] of JSON.stringify({ panels, templating, ...told }).matchAll(/\$\w+/g))
      t.ok([...declared, '__rate_interval', '__all'].includes(used.slice(1)), `${board.uid} declares ${used}`);
  }
});

t.test('promtool reads every expression of a board', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-boards-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const rules = boardQueries().map(({ expr }, at) => ({ record: `expression:${at}`, expr }));
  const check = (name: string, content: object) => {
    const file = join(folder, name);
    writeFileSync(file, stringify(content));
    return spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
  };
  const { status, stdout, stderr } = check('boards.yaml', { groups: [{ name: 'boards', rules }] });
  t.equal(status, 0, `${stdout}${stderr}`);
  t.match(stdout, `${rules.length} rules found`);
  const wrong = [{ record: 'a', expr: 'rate(x{a="b"})[5m]' }];
  t.not(check('wrong.yaml', { groups: [{ name: 'wrong', rules: wrong }] }).status, 0, 'it would say so');
});

t.test('promtool finds the rules correct', async (t) => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' });
  t.equal(status, 0, `${stdout}${stderr}`);
  t.match(stdout, `${alerts.length} rules found`);
});

t.test('every alert fires when it should, and not when that only comes near', async (t) => {
  t.same(Object.keys(RULE_CASES).sort(), alerts.map(({ name }) => name).sort(), 'each has its case');
  const folder = mkdtempSync(join(tmpdir(), 'vrt-rules-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const tests = Object.entries(RULE_CASES).flatMap(([name, { at, firing, quiet }]) =>
    [firing, quiet].map((series) => ({
      name: `${name} ${series === firing ? 'fires' : 'is quiet'}`,
      interval: '1m',
      input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
      promql_expr_test: [
        {
          expr: `max(ALERTS{alertname="VRouter${name}",alertstate="firing"})`,
          eval_time: at,
          exp_samples: series === firing ? [{ labels: '{}', value: 1 }] : [],
        },
      ],
    })),
  );
  const file = join(folder, 'rules.test.yaml');
  writeFileSync(file, stringify({ rule_files: [resolve(RULES)], evaluation_interval: '1m', tests }));
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
  t.equal(status, 0, `${stdout}${stderr}`);
});
