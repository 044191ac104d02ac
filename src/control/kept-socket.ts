import { type Clock, type Log, Repeated, reasonOf } from '../base/index.ts';
import { SocketInUse } from './occupied.ts';
import { type Answer, ControlServer } from './server.ts';

/** Milliseconds for which the daemon may be out of reach once somebody has removed its socket. */
const INTERVAL = 1000;

/** The daemon's control socket, made again when somebody has removed it: a cleaner of /run, or a hand. */
export class KeptSocket {
  readonly #open: () => Promise<ControlServer>;
  readonly #log: Log;
  readonly #looks: Repeated;
  /** The last is the one that is served; those before end with their last connection. */
  #servers: readonly ControlServer[];
  #isToldOf = false;

  private constructor(first: ControlServer, open: () => Promise<ControlServer>, clock: Clock, log: Log) {
    this.#servers = [first];
    this.#open = open;
    this.#log = log;
    this.#looks = new Repeated(clock, INTERVAL, () => this.#look());
    this.#looks.start();
  }

  /** As `ControlServer.listen`. */
  static async listen(path: string, answer: Answer, { clock, log }: { clock: Clock; log: Log }): Promise<KeptSocket> {
    const open = (): Promise<ControlServer> => ControlServer.listen(path, answer, log);
    return new KeptSocket(await open(), open, clock, log);
  }

  async close(): Promise<void> {
    this.#looks.stop();
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  /** Where another daemon answers by now, it keeps the place. */
  async #look(): Promise<void> {
    const server = this.#servers.at(-1);
    if (server === undefined || server.isThere) return;
    try {
      const next = await this.#open();
      this.#servers = [...this.#servers.filter(({ isIdle }) => !isIdle), next];
      server.retire();
      this.#isToldOf = false;
      this.#log.warn({}, 'somebody had removed the control socket; it is there again');
    } catch (error) {
      if (this.#isToldOf) return;
      this.#isToldOf = true;
      const whose =
        error instanceof SocketInUse ? 'another daemon has the control socket now' : 'the control socket is gone';
      this.#log.error({ err: reasonOf(error) }, `${whose}; trying again each second`);
    }
  }
}
