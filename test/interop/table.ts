import { readFileSync, writeFileSync } from 'node:fs';

/** What became of a case: `ok`, or `no` with what the peer lacks. */
export type Cells = ReadonlyMap<string, string>;

export const PEERS = ['BIRD', 'FRR', 'GoBGP', 'OpenBGPD', 'ExaBGP'] as const;

const PAGE = new URL('../../docs/interop.md', import.meta.url);

/** The table of docs/interop.md: case → peer → cell. */
export function readTable(): Map<string, Map<string, string>> {
  const lines = readFileSync(PAGE, 'utf8').split('\n');
  const rows = lines.filter((line) => line.startsWith('| ')).map(cellsOf);
  const [header, , ...body] = rows;
  return new Map(body.map(([name, ...cells]) => [name, new Map(cells.map((cell, at) => [header[at + 1], cell]))]));
}

/** Puts what a run found into its column of the page. */
export function writeColumn(peer: string, cells: Cells): void {
  const table = readTable();
  const lines = readFileSync(PAGE, 'utf8').split('\n');
  const start = lines.findIndex((line) => line.startsWith('| '));
  const rest = lines.slice(start).findIndex((line) => !line.startsWith('| '));
  const row = (all: readonly string[]): string => `| ${all.join(' | ')} |`;
  const body = [...cells].map(([name, cell]) =>
    row([name, ...PEERS.map((one) => (one === peer ? cell : (table.get(name)?.get(one) ?? '')))]),
  );
  lines.splice(start, rest, row(['Case', ...PEERS]), row(['---', ...PEERS.map(() => '---')]), ...body);
  writeFileSync(PAGE, lines.join('\n'));
}

function cellsOf(line: string): string[] {
  return line
    .slice(2, -2)
    .split(' | ')
    .map((cell) => cell.trim());
}
