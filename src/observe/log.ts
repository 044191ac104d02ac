import pino from 'pino';
import type { Log } from '../base/index.ts';

/** Calico's names for how much to say, and pino's. */
export const LOG_LEVELS = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  warn: 'warn',
  error: 'error',
  fatal: 'fatal',
  none: 'silent',
} as const;
export type LogLevel = keyof typeof LOG_LEVELS;

/** The daemon's log: JSON lines on stderr, or lines for people when stderr is a terminal. */
export async function createLog(level: LogLevel, fields: Readonly<Record<string, string>>): Promise<Log> {
  const options = { level: LOG_LEVELS[level], base: fields, timestamp: pino.stdTimeFunctions.isoTime };
  const lines = pino.destination({ dest: 2, sync: true });
  const machine = process.env['JOURNAL_STREAM'] ? journal((line) => lines.write(line)) : lines;
  const log: Log = pino(options, process.stderr.isTTY ? await forPeople() : machine);
  return log;
}

/** pino's levels from the most urgent, with the priorities of syslog(3) that systemd reads in `<N>` before a line. */
const PRIORITIES: readonly (readonly [from: number, priority: number])[] = [
  [60, 2],
  [50, 3],
  [40, 4],
  [30, 6],
  [0, 7],
];

/** A destination of pino for a process whose standard error is the journal (`JOURNAL_STREAM`, systemd.exec(5)). */
export function journal(write: (line: string) => unknown): pino.DestinationStream {
  return {
    // Has pino set `lastLevel` before each line.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 30,
    write(line: string): void {
      const [, priority] = PRIORITIES.find(([from]) => this.lastLevel >= from) ?? [0, 6];
      write(`<${priority}>${line}`);
    },
  } as pino.DestinationStream & { lastLevel: number };
}

/** Loaded only where somebody looks: a daemon does without its memory. */
async function forPeople(): Promise<pino.DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' });
}
