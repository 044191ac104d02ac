import type { Clock, Log } from '../base/index.ts';
import { reasonOf } from '../base/index.ts';
import type { NodeReport } from '../observe/index.ts';
import type { NotifySocket } from './notify-socket.ts';

/** Between two words while starting, and where no watchdog asks for more, in milliseconds. */
const PERIOD = 10_000;
/** How much longer each word asks a start to be waited for: a datastore may be away for as long as it likes. */
const MORE_TIME = 60_000;

export interface SupervisorParts {
  readonly socket: NotifySocket;
  /** Within so many milliseconds it wants to hear that the daemon is alive; undefined: it does not watch. */
  readonly watchdog?: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The daemon's messages to systemd, in the words of sd_notify(3): that the kernel is programmed, that the event loop
 * turns, how things are in a line, and that it ends. What can't be said is said again at the next beat, and keeps
 * nobody from routing.
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #period: number;
  #spoke = Number.NEGATIVE_INFINITY;
  #programmed = false;
  #saidReady = false;
  #saidStatus = '';
  #complained = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    // Two words may be late or get lost, and the third still comes in time.
    this.#period = Math.min(PERIOD, (parts.watchdog ?? Number.POSITIVE_INFINITY) / 4);
  }

  /** The event loop turns: to be called oftener than the watchdog asks for. The report is made only when it is sent. */
  beat(report: () => NodeReport): void {
    const isUntold = this.#programmed && !this.#saidReady;
    if (isUntold || this.#parts.clock.now() - this.#spoke >= this.#period) this.#say(report());
  }

  /** Tells that the desired state is in the kernel, for the first time. */
  programmed(report: NodeReport): void {
    this.#programmed = true;
    this.#say(report);
  }

  /** The daemon ends, and nothing is said after that. */
  stopping(reason: string): void {
    this.#send(['STOPPING=1', `STATUS=Stopping: ${reason}; routes stay in the kernel`]);
    this.#parts.socket.close();
    this.#send = () => false;
  }

  #say(report: NodeReport): void {
    const status = statusLine(report);
    const words = this.#programmed
      ? [...(this.#saidReady ? [] : ['READY=1']), ...(this.#parts.watchdog === undefined ? [] : ['WATCHDOG=1'])]
      : [`EXTEND_TIMEOUT_USEC=${MORE_TIME * 1000}`];
    if (status !== this.#saidStatus) words.push(`STATUS=${status}`);
    this.#spoke = this.#parts.clock.now();
    if (words.length > 0 && !this.#send(words)) return;
    this.#saidReady = this.#programmed;
    this.#saidStatus = status;
  }

  #send = (words: readonly string[]): boolean => {
    try {
      this.#parts.socket.send(words.join('\n'));
      this.#complained = false;
      return true;
    } catch (error) {
      if (!this.#complained) this.#parts.log.warn({ reason: reasonOf(error) }, 'systemd does not hear how the node is');
      this.#complained = true;
      return false;
    }
  };
}

/** The node in a line, as `systemctl status` shows it. */
export function statusLine({ ready, problems, bgp, routes, endpoints, blocks }: NodeReport): string {
  const peers = bgp?.peers ?? [];
  const established = peers.filter(({ session }) => session === 'Established').length;
  const counts = [
    ...(peers.length === 0 ? [] : [`${established} of ${peers.length} BGP sessions`]),
    `${routes.programmed} routes`,
    ...(endpoints === undefined ? [] : [`${endpoints.desired - endpoints.missing} pods`]),
    `${blocks.length} blocks`,
  ].join(', ');
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const trouble = problems.length === 0 ? '' : `; ${problems[0]}${more}`;
  return `${ready ? 'Ready' : 'Not ready'}: ${counts}${trouble}`.replace(/\s+/g, ' ').slice(0, 400);
}

/** The process that started this one and asked to hear from it; undefined: none. */
export async function supervisorOf(
  env: Readonly<Record<string, string | undefined>>,
  { clock, log, pid = process.pid }: { readonly clock: Clock; readonly log: Log; readonly pid?: number },
): Promise<Supervisor | undefined> {
  const name = env['NOTIFY_SOCKET'];
  if (name === undefined || name === '') return undefined;
  try {
    const socket = (await import('./notify-socket.ts')).openNotifySocket(name);
    return new Supervisor({ socket, watchdog: watchdogOf(env, pid), clock, log });
  } catch (error) {
    log.warn({ reason: reasonOf(error) }, 'systemd does not hear how the node is');
    return undefined;
  }
}

/** Milliseconds, of sd_watchdog_enabled(3): for this process alone, if a process is named. */
function watchdogOf(env: Readonly<Record<string, string | undefined>>, pid: number): number | undefined {
  const { WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: watched = '' } = env;
  if (!/^[1-9]\d*$/.test(microseconds) || (watched !== '' && watched !== String(pid))) return undefined;
  return Number(microseconds) / 1000;
}
