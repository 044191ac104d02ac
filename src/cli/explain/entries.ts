import { lettersApart } from '../../base/index.ts';

/** The pages that entries are read from. */
export interface ExplainPages {
  readonly errors: string;
  readonly metrics: string;
  /** The page of each alert. */
  readonly runbooks: readonly string[];
}

/** One name and all that is known of it. */
export type ExplainedName =
  | { readonly kind: 'error'; readonly name: string; readonly meaning: string; readonly next: string }
  | {
      readonly kind: 'metric';
      readonly name: string;
      readonly type: string;
      readonly labels: readonly string[];
      readonly meaning: string;
      /** Of a name that is others': whose it is, and what it is made from. */
      readonly alias?: { readonly set: string; readonly from: readonly string[] };
      /** Alerts that look at it. */
      readonly alerts: readonly string[];
    }
  | {
      readonly kind: 'alert';
      readonly name: string;
      readonly summary: string;
      readonly severity: string;
      readonly expression: string;
      /** Its runbook without the heading, as Markdown. */
      readonly runbook: string;
    };

/** Every entry of the pages, in their order. */
export function entriesOf({ errors, metrics, runbooks }: ExplainPages): readonly ExplainedName[] {
  const alerts = runbooks.map(alertOf).filter((alert) => alert !== undefined);
  const looking = (name: string): readonly string[] =>
    alerts.filter(({ expression }) => namesIn(expression).has(name)).map((alert) => alert.name);
  return [
    ...rowsOf(errors).map(([name, meaning, next]) => ({ kind: 'error', name, meaning, next }) as const),
    ...metricsOf(metrics, looking),
    ...alerts,
  ];
}

function metricsOf(page: string, looking: (name: string) => readonly string[]): readonly ExplainedName[] {
  const own = new Map<string, string>();
  return rowsOf(page).map((row) => {
    const [name, first, second, third] = row;
    const isAlias = /^[a-z]+$/.test(first) && third?.startsWith('`');
    if (!isAlias) {
      own.set(name, third);
      return { kind: 'metric', name, type: first, labels: wordsOf(second), meaning: third, alerts: looking(name) };
    }
    const from = [...new Set(wordsOf(third))];
    const meaning = own.get(from[0]) ?? '';
    return { kind: 'metric', name, type: second, labels: [], meaning, alias: { set: first, from }, alerts: [] };
  });
}

/** The cells of each row of the tables whose first cell is a name; the name bare. */
function rowsOf(page: string): readonly (readonly string[])[] {
  return page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [name, ...cells] = line
        .slice(1, line.lastIndexOf('|'))
        .split('|')
        .map((cell) => cell.trim());
      return [name.replaceAll('`', ''), ...cells];
    });
}

function wordsOf(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word);
}

function alertOf(page: string): Extract<ExplainedName, { kind: 'alert' }> | undefined {
  const [heading, about = '', expression = '', ...rest] = page.trim().split('\n\n');
  const [, summary, severity] = /^(.*)\. Severity: (\w+);/.exec(about) ?? [];
  if (severity === undefined) return undefined;
  const name = heading.replace(/^# /, '');
  return { kind: 'alert', name, summary, severity, expression: expression.trim(), runbook: rest.join('\n\n') };
}

/** The names of metrics in an expression; what a histogram adds is left out. */
function namesIn(expression: string): ReadonlySet<string> {
  const words = expression.match(/[a-zA-Z_:][\w:]*/g) ?? [];
  return new Set(words.flatMap((word) => [word, word.replace(/_(bucket|sum|count)$/, '')]));
}

/** As it may be typed: case, dashes and the prefix of alerts don't matter; nor what a histogram adds, nor labels. */
export function spellingOf(name: string): string {
  const bare = name
    .trim()
    .toLowerCase()
    .replace(/\{.*$/s, '')
    .replaceAll(/[-\s]+/g, '_');
  return bare
    .replace(/^vrouter(?=[a-z])/, '')
    .replace(/^(?=\d+$)/, 'cni_')
    .replace(/_(bucket|sum|count)$/, '');
}

/** Names that are written nearly so, the nearest first; five at most. */
export function namesLike(entries: readonly ExplainedName[], typed: string): readonly string[] {
  const wanted = spellingOf(typed);
  const near = (name: string): number => {
    const spelled = spellingOf(name);
    return spelled.includes(wanted) || wanted.includes(spelled) ? 0 : lettersApart(spelled, wanted);
  };
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  return [...new Set(entries.map(({ name }) => name))]
    .map((name) => ({ name, distance: near(name) }))
    .filter(({ distance }) => distance <= limit)
    .sort((left, right) => left.distance - right.distance || left.name.length - right.name.length)
    .slice(0, 5)
    .map(({ name }) => name);
}
