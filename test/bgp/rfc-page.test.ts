import { existsSync, readdirSync, readFileSync } from 'node:fs';
import t from 'tap';

const ROOT = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/rfc.md', ROOT), 'utf8');
const rows = page.split('\n').filter((line) => /^\| \d/.test(line));

t.test('docs/rfc.md names tests that exist, for each RFC', (t) => {
  for (const row of rows) {
    const named = [...row.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, path]) => path);
    t.ok(named.length > 0, `${row.slice(0, 40)}… has a test`);
    for (const path of named) t.ok(existsSync(new URL(`test/${path}`, ROOT)), path);
  }
  t.end();
});

t.test('docs/rfc.md has every RFC that the sources go by', (t) => {
  const folder = new URL('src/bgp/', ROOT);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const cited = new Set(
    sources.flatMap((path) =>
      [...readFileSync(new URL(path, folder), 'utf8').matchAll(/RFC (\d{4})/g)].map(([, number]) => number),
    ),
  );
  // How addresses are written (5952) and what a community is called (7999, 8326) is not what a speaker does.
  for (const number of ['5952', '7999', '8326']) cited.delete(number);
  for (const number of cited) t.match(page, number, `RFC ${number}`);
  t.end();
});
