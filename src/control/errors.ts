import { VRouterError } from '../base/index.ts';

/** The daemon isn't there, or went away in the middle of an answer. */
export class DaemonUnreachable extends VRouterError {
  /** Nobody listens: there is no socket, or it was left by a daemon that has ended. */
  readonly absent: boolean;

  constructor(socket: string, reason: string, absent = false) {
    super('DAEMON_UNREACHABLE', `the vRouter daemon does not answer on ${socket}: ${reason}`);
    this.absent = absent;
  }
}

/** The daemon answered that it could not do it. `code` is the daemon's own; `cniCode` is set for CNI requests. */
export class RequestRefused extends VRouterError {
  readonly cniCode: number | undefined;

  constructor(code: string, message: string, cniCode?: number) {
    super(code, message);
    this.cniCode = cniCode;
  }
}
