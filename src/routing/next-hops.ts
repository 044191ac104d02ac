import { type Cancel, type Clock, type Log, reasonOf } from '../base/index.ts';
import type { Kernel, RouteNextHop } from '../netlink/index.ts';

/** Changes of links, addresses and routes come in swarms; one look at the table serves them all. Milliseconds. */
const SETTLE = 20;

/**
 * How to reach a BGP next hop: the answer of the kernel's own lookup (`ip route get`), remembered until the node's
 * links, addresses or routes change. A next hop on a connected network is its own gateway; one behind a router is
 * reached through that router's address. It is looked up with WireGuard's mark: BGP's routes are the ordinary ones, which
 * carry the tunnel, also where the next hop itself is sent to through it.
 */
export class NextHops {
  readonly #kernel: Pick<Kernel, 'routeGet'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #known = new Map<string, RouteNextHop | undefined>();
  readonly #asking = new Set<string>();
  #refresh: Cancel | undefined;
  #mark: number | undefined;
  /** Called with the next hops whose way has changed, become known, or been lost. */
  onChange: (addresses: ReadonlySet<string>) => void = () => {};

  constructor(options: { kernel: Pick<Kernel, 'routeGet'>; clock: Clock; log: Log }) {
    this.#kernel = options.kernel;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** The way to `address`, or undefined when there is none or it is not known yet; then `onChange` follows. */
  resolve(address: string): RouteNextHop | undefined {
    if (!this.#known.has(address)) void this.#ask([address]);
    return this.#known.get(address);
  }

  /** By which the ordinary routes are asked alone; undefined while there are no others. */
  setMark(mark: number | undefined): void {
    if (mark === this.#mark) return;
    this.#mark = mark;
    this.invalidate();
  }

  /** The node's links, addresses or routes changed: ask again for all. */
  invalidate(): void {
    this.#refresh ??= this.#clock.after(SETTLE, () => {
      this.#refresh = undefined;
      void this.#ask([...this.#known.keys()]);
    });
  }

  stop(): void {
    this.#refresh?.();
  }

  async #ask(addresses: readonly string[]): Promise<void> {
    const changed = new Set<string>();
    for (const address of addresses) {
      if (this.#asking.has(address)) continue;
      this.#asking.add(address);
      const hop = await this.#lookUp(address);
      this.#asking.delete(address);
      if (!this.#known.has(address) || !sameHop(this.#known.get(address), hop)) {
        this.#known.set(address, hop);
        changed.add(address);
      }
    }
    if (changed.size > 0) this.onChange(changed);
  }

  async #lookUp(address: string): Promise<RouteNextHop | undefined> {
    try {
      const route = await this.#kernel.routeGet(address, this.#mark);
      const hop = route?.kind === 'unicast' ? route.nextHops[0] : undefined;
      return hop?.dev === undefined ? undefined : { via: hop.via ?? address, dev: hop.dev };
    } catch (error) {
      this.#log.debug({ nextHop: address, err: reasonOf(error) }, 'no way to a next hop');
      return undefined;
    }
  }
}

function sameHop(a: RouteNextHop | undefined, b: RouteNextHop | undefined): boolean {
  return a?.via === b?.via && a?.dev === b?.dev;
}
