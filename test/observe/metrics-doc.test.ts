import { readFileSync } from 'node:fs';
import t from 'tap';
import { ALIASES } from '../../src/observe/alias-table.ts';
import { allMetrics } from './all-metrics.ts';

const page = readFileSync('docs/metrics.md', 'utf8');
const rows = new Set(page.split('\n').filter((line) => line.startsWith('| `')));

t.test('docs/metrics.md has a row for every metric, with type, labels and meaning, and none besides', async (t) => {
  const own = allMetrics()
    .described()
    .map(
      ({ name, type, labels, help }) =>
        `| \`${name}\` | ${type} | ${labels.map((one) => `\`${one}\``).join(', ')} | ${help} |`,
    );
  const others = Object.entries(ALIASES).flatMap(([set, aliases]) =>
    aliases.map(
      ({ name, type, from }) => `| \`${name}\` | ${set} | ${type} | ${from.map((one) => `\`${one}\``).join(', ')} |`,
    ),
  );
  const wanted = [...own, ...others];
  for (const row of wanted) if (!rows.has(row)) t.fail(`missing: ${row}`);
  for (const row of rows) if (!wanted.includes(row)) t.fail(`nobody has: ${row}`);
  t.equal(rows.size, wanted.length);
});
