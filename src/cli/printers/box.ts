/** Cells longer than this are broken between words. */
const WRAP_WIDTH = 30;
/** The cost of one word that is wider than the limit, when lines are chosen. */
const OVERFLOW_PENALTY = 1e5;

const NUMBER = /^-?(?:\d{1,3}(?:,\d{3})*|\d+)(?:\.\d+)?$/;

/**
 * The ASCII box of `node status` and `ipam show`: upper-case headings in the middle, numbers to the right, the rest to
 * the left, cells over 30 characters wrapped between words. A column with a wrapped cell is 30 wide however its lines
 * fall, because that is what existing scripts see.
 */
export function box(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => headings.map((_, column) => wrap(row[column] ?? '')));
  const widths = headings.map((heading, column) => Math.max(heading.length, ...cells.map((row) => row[column].width)));
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+\n`;
  const heads = `|${headings.map((heading, column) => ` ${centre(heading.toUpperCase(), widths[column])} `).join('|')}|\n`;
  const body = cells.map((row) => {
    const height = Math.max(...row.map((cell) => cell.lines.length));
    return Array.from({ length: height }, (_, line) => {
      return `|${row.map((cell, column) => ` ${align(cell.lines[line] ?? '', widths[column])} `).join('|')}|\n`;
    }).join('');
  });
  return rule + heads + rule + body.join('') + (rows.length === 0 ? '' : rule);
}

interface Wrapped {
  readonly lines: readonly string[];
  readonly width: number;
}

function wrap(text: string): Wrapped {
  if (text.length <= WRAP_WIDTH) return { lines: [text], width: text.length };
  const words = text.split(/\s+/).filter((word) => word !== '');
  const lines = evenLines(words, WRAP_WIDTH);
  return { lines, width: Math.max(WRAP_WIDTH, ...lines.map((line) => line.length)) };
}

/** Breaks so that the squares of the gaps at line ends are least; the last line's gap is free. */
function evenLines(words: readonly string[], limit: number): string[] {
  const count = words.length;
  const cost: number[] = new Array(count).fill(Number.POSITIVE_INFINITY);
  const next: number[] = new Array(count).fill(count);
  const width = (from: number, to: number): number => words.slice(from, to).join(' ').length;
  for (let from = count - 1; from >= 0; from--) {
    if (width(from, count) <= limit || from === count - 1) {
      cost[from] = 0;
      continue;
    }
    for (let to = from + 1; to < count; to++) {
      const gap = limit - width(from, to);
      const total = gap * gap + cost[to] + (gap < 0 ? OVERFLOW_PENALTY : 0);
      if (total < cost[from]) {
        cost[from] = total;
        next[from] = to;
      }
      if (gap < 0) break;
    }
  }
  const lines: string[] = [];
  for (let from = 0; from < count; from = next[from]) lines.push(words.slice(from, next[from]).join(' '));
  return lines;
}

function centre(text: string, width: number): string {
  const gap = width - text.length;
  const left = Math.floor(gap / 2);
  return ' '.repeat(left) + text + ' '.repeat(gap - left);
}

function align(text: string, width: number): string {
  return NUMBER.test(text) ? text.padStart(width) : text.padEnd(width);
}
