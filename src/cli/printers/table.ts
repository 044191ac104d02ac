import { UsageError } from '../errors.ts';
import type { Result } from '../resources/result.ts';
import { type CellContext, COLUMNS } from './columns.ts';
import { tabulate } from './tabwriter.ts';

export interface TableOptions {
  readonly wide: boolean;
  /** Columns by name, in this order, instead of the kind's own. */
  readonly headings?: readonly string[];
  readonly namespaces: boolean;
}

/** One table for each result, an empty line after each. */
export function toTables(results: readonly Result[], options: TableOptions, context: CellContext): string {
  return results.map((result) => `${table(result, options, context)}\n`).join('');
}

function table({ kind, items }: Result, options: TableOptions, context: CellContext): string {
  const { cells, ps, wide } = COLUMNS[kind];
  const chosen = options.headings ?? (options.wide ? wide : ps);
  const headings = options.namespaces && 'NAMESPACE' in cells ? ['NAMESPACE', ...chosen] : chosen;
  for (const heading of headings) {
    if (Object.hasOwn(cells, heading)) continue;
    throw new UsageError(`unknown heading ${heading}, valid values are: ${Object.keys(cells).join(', ')}`);
  }
  return tabulate([headings, ...items.map((item) => headings.map((heading) => cells[heading](item, context)))]);
}
