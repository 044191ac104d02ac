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
  const log: Log = pino(options, process.stderr.isTTY ? await forPeople() : pino.destination({ dest: 2, sync: true }));
  return log;
}

/** Loaded only where somebody looks: a daemon does without its memory. */
async function forPeople(): Promise<pino.DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' });
}
