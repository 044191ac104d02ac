import pino from 'pino';
import pretty from 'pino-pretty';
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
export function createLog(level: LogLevel, fields: Readonly<Record<string, string>>): Log {
  const options = { level: LOG_LEVELS[level], base: fields, timestamp: pino.stdTimeFunctions.isoTime };
  const stream = process.stderr.isTTY
    ? pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
    : pino.destination({ dest: 2, sync: true });
  return pino(options, stream);
}
