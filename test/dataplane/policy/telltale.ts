import { type Log, silentLog } from '../../../src/base/index.ts';

/** A log that keeps the transactions that were refused: what follows them by halves is not one moment for packets. */
export class Telltale implements Log {
  readonly refused: string[] = [];
  readonly trace = silentLog.trace;
  readonly info = silentLog.info;
  readonly warn = silentLog.warn;
  readonly error = silentLog.error;

  debug(fields: object, message: string): void {
    if (message === 'a transaction is refused') this.refused.push(JSON.stringify(fields));
  }

  child(): Log {
    return this;
  }

  /** Throws what was refused since. */
  check(): void {
    const told = this.refused.splice(0);
    if (told.length > 0) throw new Error(`not in one transaction: ${told[0]}`);
  }
}
