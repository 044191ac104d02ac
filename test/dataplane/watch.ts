import { sleep, systemClock } from '../../src/base/index.ts';
import { formatNeighbor, formatRoute, type KernelEvent, type Monitor } from '../../src/netlink/index.ts';
import type { RealHost } from './real-host.ts';

/** `RTPROT_STATIC`, as an operator's routes have it. */
const STATIC = 4;
const MARK = 'blackhole 192.0.2.1';
/** Milliseconds without a change after which the dataplane is taken to have done what it can. */
const QUIET = 100;

/** What the kernel itself tells of changes to routes of ours, permanent neighbours and links, whoever made them. */
export class Watch {
  readonly #host: RealHost;
  #monitor: Monitor | undefined;
  #seen: { readonly about: string; readonly text: string }[] = [];
  #mark: () => void = () => {};

  private constructor(host: RealHost) {
    this.#host = host;
  }

  static async start(host: RealHost): Promise<Watch> {
    const watch = new Watch(host);
    watch.#monitor = await host.kernel.monitor((event) => watch.#observed(event));
    return watch;
  }

  /** The changes of these destinations. */
  of(destinations: readonly string[]): readonly string[] {
    return this.#seen.filter(({ about }) => destinations.includes(about)).map(({ text }) => text);
  }

  all(): readonly string[] {
    return this.#seen.map(({ text }) => text);
  }

  clear(): void {
    this.#seen = [];
  }

  /** Resolves once all that has happened was told, and nothing happens any more. */
  async quiet(): Promise<void> {
    let before: number;
    do {
      before = this.#seen.length;
      await sleep(systemClock, QUIET);
      await this.#toldSoFar();
    } while (this.#seen.length !== before);
  }

  stop(): void {
    this.#monitor?.stop();
  }

  /** A change of our own is told after all that came before it. */
  async #toldSoFar(): Promise<void> {
    const { promise: told, resolve } = Promise.withResolvers<void>();
    this.#mark = resolve;
    this.#host.ip(`route add ${MARK} proto static`, `route del ${MARK} proto static`);
    await told;
  }

  #observed(event: KernelEvent): void {
    if (event.kind === 'resync') throw new Error('the watch has missed changes');
    if (event.kind === 'route') {
      const { destination, protocol } = event.route;
      if (protocol === STATIC && event.change === 'deleted') this.#mark();
      if (protocol === 80) this.#note(destination, `${event.change} ${formatRoute(event.route, new Map())}`);
    }
    if (event.kind === 'neighbor' && event.neighbor.state === 'permanent') {
      this.#note(event.neighbor.destination, `${event.change} ${formatNeighbor(event.neighbor)}`);
    }
  }

  #note(about: string, text: string): void {
    this.#seen.push({ about, text });
  }
}
