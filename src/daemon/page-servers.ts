import { type Clock, type Log, RetryQueue } from '../base/index.ts';
import { PageServer, type Pages, type RestOfPages, type Serving } from '../observe/index.ts';
import type { PagePlace } from '../page/index.ts';
import type { DaemonConfig } from './config.ts';
import { type ListenPlace, listenFailure } from './start-failure.ts';

/** The page for people: with the health page, and at a place of its own. Undefined: not there. */
export interface NodeSites {
  readonly onLoopback: RestOfPages | undefined;
  readonly elsewhere: (PagePlace & { readonly rest: RestOfPages }) | undefined;
}

/**
 * The pages that the node serves. A port that is taken, or a name that can't be looked up, keeps nobody from routing:
 * it is tried again until it can be had.
 */
export class PageServers {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #failing: RetryQueue<string>;
  readonly #servers: PageServer[] = [];
  /** Of the page's certificate and token. */
  #ofFiles: () => readonly string[] = () => [];
  #closed = false;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
    this.#failing = new RetryQueue(this.#clock, { first: 500, max: 15_000 });
  }

  /** Resolves after the first attempt, whatever comes of it. */
  async serve(what: string, place: ListenPlace, serving: Serving): Promise<void> {
    try {
      const server = await this.#listen(place, serving);
      if (this.#closed) return server.close();
      this.#servers.push(server);
      this.#failing.done(what);
    } catch (error) {
      if (this.#closed) return;
      const problem = `${what}: ${listenFailure(error, place)}`;
      const attempts = this.#failing.failed(what, problem, () => void this.serve(what, place, serving));
      if (attempts === 1) this.#log.warn({ problem }, `waiting: ${problem}`);
    }
  }

  /**
   * Health and readiness; beside them, where nobody else reaches them, the page for people. Where that is asked for,
   * the metrics and the page have places of their own.
   */
  async serveNode(config: DaemonConfig, pages: Pages, { onLoopback, elsewhere }: NodeSites): Promise<void> {
    const health = {
      host: config.FELIX_HEALTHHOST,
      port: config.FELIX_HEALTHPORT,
      hostSetting: 'FELIX_HEALTHHOST',
      portSetting: 'FELIX_HEALTHPORT',
    };
    await this.serve('health page', health, { pages, rest: onLoopback });
    if (elsewhere !== undefined) {
      const { host, port, tls, rest } = elsewhere;
      this.#ofFiles = elsewhere.problems;
      const place = { host, port, hostSetting: 'VROUTER_PAGE_HOST', portSetting: 'VROUTER_PAGE_PORT' };
      await this.serve('page', place, { pages: {}, rest, tls });
    }
    if (!config.FELIX_PROMETHEUSMETRICSENABLED) return;
    const metrics = {
      host: config.FELIX_PROMETHEUSMETRICSHOST,
      port: config.FELIX_PROMETHEUSMETRICSPORT,
      hostSetting: 'FELIX_PROMETHEUSMETRICSHOST',
      portSetting: 'FELIX_PROMETHEUSMETRICSPORT',
    };
    await this.serve('metrics page', metrics, { pages: { '/metrics': pages['/metrics'] } });
  }

  /** The pages that can't be served yet, or not with the files that are there now, and why. */
  problems(): readonly string[] {
    return [...this.#failing.details(), ...this.#ofFiles()];
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#failing.clear();
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  /** Every host has a loopback address, whether or not it knows by which name. */
  async #listen({ host, port }: ListenPlace, serving: Serving): Promise<PageServer> {
    try {
      return await PageServer.listen(host, port, serving, this.#log);
    } catch (error) {
      const isUnknown = error instanceof Error && 'syscall' in error && error.syscall === 'getaddrinfo';
      if (host !== 'localhost' || !isUnknown) throw error;
      return PageServer.listen('127.0.0.1', port, serving, this.#log);
    }
  }
}
