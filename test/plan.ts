import { readFileSync } from 'node:fs';

/** A folder of the tree that docs/architecture.md draws. */
export interface DrawnFolder {
  /** From `src/`, such as `bgp/wire`. */
  readonly path: string;
  /** Of a folder of `src` itself. */
  readonly floor: number | undefined;
  /** What it is said to hold: names of files and folders in it. */
  readonly names: readonly string[];
}

/** Two folders that the flow joins by a line. */
export type DrawnLine = readonly [string, string];

const page = readFileSync('docs/architecture.md', 'utf8');

/** The text drawn under a heading. */
function drawing(heading: string): string {
  return page.split(`## ${heading}\n`)[1]?.split('```')[1] ?? '';
}

/** The tree, without what is no folder of `src`. */
export function drawnTree(): readonly DrawnFolder[] {
  const lines = drawing('The tree').split('\nsrc/\n')[1]?.split('\ntest/')[0].split('\n') ?? [];
  const folders: { path: string; floor: number | undefined; text: string }[] = [];
  let top = '';
  for (const line of lines) {
    const [, indent, name, floor, text] = /^(\s+)(\S+)\s+(?:L(\d)\s+)?(.*)$/.exec(line) ?? [];
    if (indent === undefined) continue;
    // The rest of a line that was too long for the page.
    if (indent.length > 4) folders[folders.length - 1].text += ` ${line.trim()}`;
    else if (name.endsWith('/')) {
      if (indent.length === 2) top = name.slice(0, -1);
      const path = indent.length === 2 ? top : `${top}/${name.slice(0, -1)}`;
      folders.push({ path, floor: floor === undefined ? undefined : Number(floor), text });
    }
  }
  return folders.map(({ path, floor, text }) => ({ path, floor, names: namesIn(text) }));
}

/** In a list, what is one word is a name, and so is what ends like a file or a folder; prose and parentheses are not. */
function namesIn(text: string): string[] {
  const plain = text.replaceAll(/\([^)]*\)/g, '');
  const items = plain
    .split(/[,;:]/)
    .map((item) => item.trim())
    .filter((item) => /^[a-z-]+$/.test(item));
  const marked = [...plain.matchAll(/(?<![\w./-])([a-z-]+(?:\.ts|\/))(?=[\s,;:]|$)/g)].map(([, name]) => name);
  return [...new Set([...items, ...marked.map((name) => name.replace(/\.ts$|\/$/, ''))])];
}

/** The lines of the flow between two folders that stand on one row; `known` are the folders there are. */
export function drawnFlow(known: ReadonlySet<string>): {
  readonly named: ReadonlySet<string>;
  readonly lines: readonly DrawnLine[];
} {
  const rows = drawing('The flow').split('\n');
  const lines = rows.flatMap((row) =>
    [...row.matchAll(/([a-z]+) [◄─►⇄]+ (?=([a-z]+))/g)].map(([, from, to]): DrawnLine => [from, to]),
  );
  const words = new Set(rows.flatMap((row) => row.match(/[a-z]+/g) ?? []));
  return { named: words, lines: lines.filter(([from, to]) => known.has(from) && known.has(to)) };
}
