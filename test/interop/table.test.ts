import t from 'tap';
import { bird } from './bird.ts';
import { cases } from './cases/index.ts';
import { exabgp } from './exabgp.ts';
import { frr } from './frr.ts';
import { gobgp } from './gobgp.ts';
import { openbgpd } from './openbgpd.ts';
import { PEERS, readTable } from './table.ts';

const LEAST = 60;
const kinds = [bird, frr, gobgp, openbgpd, exabgp];
const names = cases.map(({ name }) => name);

t.test('docs/interop.md has a cell for every case and every daemon', (t) => {
  const table = readTable();
  t.same([...table.keys()], names);
  t.same(
    kinds.map(({ name }) => name),
    PEERS,
  );
  const cells = [...table.values()].flatMap((row) => PEERS.map((peer) => row.get(peer) ?? ''));
  t.ok(cells.every((cell) => cell === 'ok' || cell.startsWith('no: ')));
  t.ok(cells.filter((cell) => cell === 'ok').length >= LEAST, `at least ${LEAST} are ok`);
  t.end();
});

t.test('what a daemon lacks is a case that there is', (t) => {
  for (const { name, lacks } of kinds) {
    for (const lacking of Object.keys(lacks)) t.ok(names.includes(lacking), `${name}: ${lacking}`);
  }
  t.end();
});
