import type { Log } from './log.ts';

/**
 * A log that one whole thing writes to, and that ends with it: what fails since it has ended is no fault, and nobody tries
 * it again. Warnings and errors are told at level debug from then on.
 */
export function endingLog(log: Log, hasEnded: () => boolean): Log {
  return {
    trace: (fields, message) => log.trace(fields, message),
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => (hasEnded() ? log.debug(fields, message) : log.warn(fields, message)),
    error: (fields, message) => (hasEnded() ? log.debug(fields, message) : log.error(fields, message)),
    child: (fields) => endingLog(log.child(fields), hasEnded),
  };
}
