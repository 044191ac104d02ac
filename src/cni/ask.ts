import { sleep, systemClock } from '../base/index.ts';
import { DaemonUnreachable, exchange } from '../control/exchange.ts';
import { CniError, cniErrors } from './errors.ts';

const PAUSE = 100;
/** The code of a daemon that is starting. */
const NOT_READY = 'NOT_READY';

interface Response {
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly cniCode?: number };
}

/** The daemon is not there, or not ready yet, and patience has run out. */
export class DaemonAway extends CniError {}

/** A daemon that restarts is back in a moment: it is asked again until `patience` (milliseconds) runs out. */
export async function ask(socket: string, question: object, patience: number): Promise<unknown> {
  let deadline: number | undefined;
  for (;;) {
    const away = await attempt(socket, question);
    if (!(away instanceof DaemonAway)) return away;
    // Not before there is need: to look at the clock for the first time, Node loads for longer than the question takes.
    deadline ??= systemClock.now() + patience;
    if (systemClock.now() + PAUSE > deadline) throw away;
    await sleep(systemClock, PAUSE);
  }
}

async function attempt(socket: string, question: object): Promise<unknown> {
  let response: Response;
  try {
    response = (await exchange(socket, question)) as Response;
  } catch (error) {
    if (error instanceof DaemonUnreachable) return new DaemonAway(cniErrors.tryAgain, error.message);
    throw error;
  }
  if (response.ok) return response.result;
  const { message = 'unknown', cniCode = cniErrors.internal, code } = response.error ?? {};
  if (code === NOT_READY) return new DaemonAway(cniCode, message, code);
  throw new CniError(cniCode, message, code);
}
