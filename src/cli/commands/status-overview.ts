import { nodeStatusSchema } from '../../control/answers.ts';
import { DaemonUnreachable, type NodeStatusPeer, request, type StatusAnswer, socketPath } from '../../control/index.ts';
import { SilentEnd } from '../errors.ts';
import type { Io } from '../io.ts';
import { ago } from '../printers/ago.ts';
import { tabulate } from '../printers/tabwriter.ts';
import { nodeStatusText } from './node/status.ts';

export interface OverviewOptions {
  readonly output: 'table' | 'json';
  /** Seconds to wait for a healthy node. */
  readonly patience: number;
}

/** Between two looks while it waits, in milliseconds. */
const PACE = 500;

/** The node at one look. Ends with exit code 1 where it is not well. */
export async function overview(io: Io, { output, patience }: OverviewOptions): Promise<void> {
  const status = await untilWell(io, patience * 1000);
  if (output === 'json') io.stdout(`${JSON.stringify(status, undefined, 2)}\n`);
  else io.stdout(overviewText(status, io.clock.wallTime()));
  if (!isWell(status)) throw new SilentEnd(1);
}

/** Whatever the node says when it is well, or when there is no patience any more. */
async function untilWell(io: Io, patience: number): Promise<StatusAnswer> {
  const end = io.clock.now() + patience;
  for (;;) {
    try {
      const status = await request(socketPath(io.env), { op: 'status' }, nodeStatusSchema);
      if (isWell(status) || io.clock.now() >= end) return status;
    } catch (error) {
      if (!(error instanceof DaemonUnreachable) || io.clock.now() >= end) throw error;
    }
    await new Promise<void>((resolve) => io.clock.after(PACE, resolve));
  }
}

function isWell({ health, ready, problems }: StatusAnswer): boolean {
  return health === undefined ? ready && problems.length === 0 : health === 'ok';
}

function overviewText(status: StatusAnswer, now: number): string {
  const { nodename, version, pid, startedAt, components = [], problems, told = [], bgp } = status;
  const word = status.health ?? (isWell(status) ? 'ok' : 'degraded');
  const heading = `Node ${nodename}: ${word} (vRouter ${version}, process ${pid}, up ${ago(now - startedAt)})\n`;
  const rows = components.map(({ name, health, detail }) => [`  ${name}`, health, detail]);
  const table = rows.length === 0 ? '' : `\n${tabulate(rows).replaceAll(/ +$/gm, '')}`;
  const malformed = (bgp?.peers ?? []).flatMap(malformedText);
  const when = new Map(told.map((one) => [one.text, one]));
  return [
    heading,
    table,
    nodeStatusText(status, now),
    ...(malformed.length > 0 ? [`Malformed UPDATEs\n${indented(malformed)}\n`] : []),
    ...(problems.length > 0
      ? [`Problems\n${indented(problems.map((text) => `${text}${whenText(when.get(text))}`))}\n`]
      : []),
  ].join('');
}

/** Since when something is so, and how often it came; nothing where that is not known. */
export function whenText(told: { readonly since?: number; readonly times?: number } | undefined): string {
  if (told?.since === undefined) return '';
  const often = (told.times ?? 1) > 1 ? `, ${told.times} times in a day` : '';
  return ` (since ${new Date(told.since).toISOString().replace(/\.\d+Z$/, 'Z')}${often})`;
}

/** The faults of a peer's UPDATEs, if any. */
function malformedText({ address, malformed }: NodeStatusPeer): string[] {
  if (malformed === undefined) return [];
  const { discard, withdraw, reset, last } = malformed;
  if (discard + withdraw + reset === 0) return [];
  const counts = `${withdraw} with routes taken for withdrawn, ${discard} dropped in part, ${reset} that ended the session`;
  return [`${address}: ${counts}${last ? `; the last at ${new Date(last.at).toISOString()}: ${last.reason}` : ''}`];
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join('');
}
