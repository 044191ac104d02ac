const MIN_WIDTH = 5;
const PADDING = 3;

/**
 * Lays out rows as Go's text/tabwriter does with minwidth 5, tabwidth 1, padding 3 and blanks: each column is as wide
 * as its longest cell plus the padding, the last one too, so lines end in blanks. Scripts cut these by column.
 */
export function tabulate(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? MIN_WIDTH, characters(cell) + PADDING);
    });
  }
  return rows.map((row) => `${row.map((cell, column) => pad(cell, widths[column])).join('')}\n`).join('');
}

/** The width as the writer counts it: code points, not UTF-16 units. */
function characters(text: string): number {
  return [...text].length;
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(width - characters(cell));
}
