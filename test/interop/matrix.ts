import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Bench } from './bench.ts';
import { cases } from './cases/index.ts';
import { makeNetwork } from './network.ts';
import type { PeerKind } from './peer.ts';
import { readTable, writeColumn } from './table.ts';

/** Cases at a time. */
const JOBS = Number(process.env['INTEROP_JOBS'] ?? 4);
/** Milliseconds; what hangs is ended earlier, by `until` or by the runner. */
const CASE_TIMEOUT = 1_800_000;

/** Runs every case against one kind of daemon, and holds the column of docs/interop.md to what came of it. */
export function testAgainst(kind: PeerKind): void {
  const reason = whyNot(kind);
  if (reason !== undefined) {
    if (process.env['CI']) t.fail(reason);
    else t.pass(kind.name, { skip: reason });
    return;
  }
  t.setTimeout(2 * CASE_TIMEOUT);
  t.jobs = JOBS;
  const network = makeNetwork(cases.length);
  const { directory } = network;
  const cells = new Map(cases.map(({ name }) => [name, name in kind.lacks ? `no: ${kind.lacks[name]}` : 'failed']));
  t.teardown(() => network.remove());

  const running: Promise<unknown>[] = [];
  const chosen = process.env['INTEROP_CASE'];
  const order = [...cases.entries()].sort(([, a], [, b]) => Number(b.slow ?? false) - Number(a.slow ?? false));
  for (const [number, { name, run }] of order) {
    if (chosen !== undefined && !name.includes(chosen)) continue;
    if (name in kind.lacks) continue;
    const done = t.test(name, { buffered: true, timeout: CASE_TIMEOUT }, async (t) => {
      const place = { directory: join(directory, String(number)), namespace: network.peers, number };
      mkdirSync(place.directory);
      await run(t, new Bench(t, kind, place));
      if (t.passing()) cells.set(name, 'ok');
    });
    running.push(done);
  }
  if (chosen !== undefined) return;
  void t.test('docs/interop.md shows what was found', { timeout: 2 * CASE_TIMEOUT }, async (t) => {
    await Promise.all(running);
    t.comment([...cells].map(([name, cell]) => `${name.padEnd(40)} ${cell}`).join('\n'));
    if (process.env['UPDATE_DOCS']) writeColumn(kind.name, cells);
    const table = readTable();
    t.same(Object.fromEntries([...table].map(([name, row]) => [name, row.get(kind.name)])), Object.fromEntries(cells));
  });
}

function whyNot({ name, program, debianPackage }: PeerKind): string | undefined {
  if (process.getuid?.() !== 0) return `${name}: it needs root, for network namespaces`;
  return existsSync(program) ? undefined : `${name} is not here: apt-get install ${debianPackage}`;
}
