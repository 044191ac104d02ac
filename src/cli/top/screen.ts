import { ago } from '../printers/ago.ts';
import { tabulate } from '../printers/tabwriter.ts';
import { shownRows, type TopState } from './state.ts';
import { type TopAnswers, tableOf, VIEW_NAMES, type ViewName } from './views.ts';

/** How a line is to look. */
type Look = 'plain' | 'title' | 'head' | 'marked' | 'bad' | 'faint';

export interface ScreenLine {
  readonly text: string;
  readonly look: Look;
}

const HELP = [
  ':NAME       another view: sessions, pods, policies, drops, blocks; also 1 to 5, left and right',
  '/TEXT       only rows with this text; escape shows all again',
  'up, down    another row; also j and k, page up and down, g and G for the first and the last',
  '?           this page',
  'q, ctrl-c   the end',
];

/** The whole screen: as many lines as the terminal has, none longer than it is wide. */
export function screen(state: TopState): readonly ScreenLine[] {
  const { rows, columns } = state.size;
  const head = headOf(state);
  const room = Math.max(1, rows - head.length - 1);
  const body = state.isHelp ? HELP.map((text) => line(text)) : bodyOf(state, room);
  const filled = [
    ...head,
    ...body.slice(0, room),
    ...Array.from({ length: Math.max(0, room - body.length) }, () => line('')),
  ];
  return [...filled, footOf(state)].slice(0, rows).map(({ text, look }) => ({ text: fit(text, columns), look }));
}

function line(text: string, look: Look = 'plain'): ScreenLine {
  return { text, look };
}

/** Control characters would be commands to the terminal, or lines of their own. */
function clean(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ');
}

/** At most so many letters. */
function fit(text: string, columns: number): string {
  const letters = [...clean(text)];
  return letters.length <= columns ? letters.join('') : `${letters.slice(0, Math.max(0, columns - 1)).join('')}…`;
}

function headOf(state: TopState): readonly ScreenLine[] {
  const [first, second, problem] = summary(state.answers, state.now);
  return [
    line(first, 'title'),
    line(second),
    ...(state.trouble === undefined ? [] : [line(`! ${state.trouble}`, 'bad')]),
    ...(problem === undefined ? [] : [line(`! ${problem}`, 'bad')]),
    line(tabs(state), 'faint'),
  ];
}

function tabs({ view, filter }: TopState): string {
  const names = VIEW_NAMES.map((name, at) => (name === view ? `[${at + 1} ${name}]` : ` ${at + 1} ${name} `));
  return `${names.join(' ')}${filter === '' ? '' : `   /${filter}`}`;
}

/** The node in two lines, and its first problem. */
function summary({ status }: TopAnswers, now: number): readonly [string, string, string | undefined] {
  if (status === undefined) return ['vRouter', 'asking the daemon …', undefined];
  const { nodename, health, version, startedAt, bgp, routes, endpoints, blocks, problems } = status;
  const peers = bgp?.peers ?? [];
  const up = peers.filter(({ state }) => state === 'up').length;
  const [inUse, size] = [
    blocks.reduce((sum, one) => sum + one.inUse, 0),
    blocks.reduce((sum, one) => sum + one.size, 0),
  ];
  const word = health ?? (problems.length === 0 ? 'ok' : 'degraded');
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more: vrouter status)` : '';
  return [
    `Node ${nodename}: ${word}   vRouter ${version}, up ${ago(now - startedAt)}`,
    `sessions ${up}/${peers.length}   routes ${routes.programmed}/${routes.desired}   pods ${endpoints?.desired ?? '-'}   blocks ${blocks.length} (${inUse}/${size} addresses)   problems ${problems.length}`,
    problems[0] === undefined ? undefined : `${problems[0]}${more}`,
  ];
}

function bodyOf(state: TopState, room: number): readonly ScreenLine[] {
  const rows = shownRows(state);
  const table = tableOf(state.view, state.answers, state.now);
  if (rows === undefined || table === undefined) return [line('asking …', 'faint')];
  if (rows.length === 0)
    return [line(state.filter === '' ? `No ${state.view}.` : `No ${state.view} with '${state.filter}'.`, 'faint')];
  const [heading, ...lines] = laidOut([table.columns, ...rows.map(({ cells }) => cells)]);
  const seen = Math.max(1, room - 1);
  // The marked row is always among those that are seen.
  const first = Math.max(0, state.at - seen + 1);
  return [
    line(heading, 'head'),
    ...lines
      .slice(first, first + seen)
      .map((text, at) => line(text, first + at === state.at ? 'marked' : rows[first + at].isBad ? 'bad' : 'plain')),
  ];
}

function laidOut(cells: readonly (readonly string[])[]): readonly string[] {
  return tabulate(cells.map((row) => row.map(clean)))
    .split('\n')
    .slice(0, -1)
    .map((text) => text.trimEnd());
}

function footOf({ prompt, mistake }: TopState): ScreenLine {
  if (prompt !== undefined) return line(`${prompt.kind === 'filter' ? '/' : ':'}${prompt.text}_`);
  if (mistake !== undefined) return line(mistake, 'bad');
  return line('<:> view  </> filter  <?> help  <q> quit', 'faint');
}

/** One view without a terminal: the node, and the table. */
export function snapshotText(view: ViewName, answers: TopAnswers, now: number): string {
  const [first, second, problem] = summary(answers, now);
  const table = tableOf(view, answers, now);
  const body =
    table === undefined || table.rows.length === 0
      ? [`No ${view}.`]
      : laidOut([table.columns, ...table.rows.map(({ cells }) => cells)]);
  return [first, second, ...(problem === undefined ? [] : [`! ${problem}`]), '', ...body, ''].join('\n');
}
