import { type Counted, type Family, Interned } from '../../base/index.ts';
import type { RouteHow } from '../../netlink/index.ts';

/** `IP6_RT_PRIO_USER`. */
const IPV6_METRIC = 1024;

const NOWHERE: RouteHow = Object.freeze({ kind: 'unicast', protocol: 0, table: 0, nextHops: [] });

/**
 * Numbers for the ways out of a route. Thousands of routes share a handful of them, so a route is two integers
 * (prefix, how) and a difference between routes is a difference between integers. Number 0 means "no route".
 *
 * Each pod has a way of its own, through its interface, so ways come and go as pods do: whoever keeps a number retains it,
 * and `collect` gives those that nobody keeps to other ways.
 */
export class HowTable implements Counted {
  readonly #hows = new Interned<string, RouteHow>(NOWHERE, 'collect');

  /** The number of `how`, the same for equal ones: good until the next `collect`, unless it is retained. */
  id(how: RouteHow): number {
    const text = howText(how);
    return this.#hows.find(text) || this.#hows.add(text, Object.freeze({ ...how }));
  }

  /**
   * The number of what the kernel shows. To an IPv6 route it gives no scope, and the metric 1024 where none was asked for:
   * with these left out it equals what was wanted.
   */
  shown(family: Family, how: RouteHow): number {
    if (family === 4) return this.id(how);
    const { scope: _, metric, ...rest } = how;
    return this.id(metric === undefined || metric === IPV6_METRIC ? rest : { ...rest, metric });
  }

  how(id: number): RouteHow {
    return this.#hows.values[id];
  }

  /** All of them, by number. The array grows as the table does. */
  get all(): readonly RouteHow[] {
    return this.#hows.values;
  }

  retain(id: number): number {
    return this.#hows.retain(id);
  }

  release(id: number): void {
    this.#hows.release(id);
  }

  /** Gives up what nobody retains. Not while the kernel is at work on a batch, which refers to `all`. */
  collect(): void {
    this.#hows.collect();
  }
}

/** Equal for hows that the kernel would show alike: absent fields and the kernel's defaults are one. */
function howText(how: RouteHow): string {
  const onLink = how.nextHops.every((hop) => hop.via === undefined);
  const scope = how.scope ?? (how.kind === 'unicast' && onLink ? 'link' : 'global');
  const hops = how.nextHops.map(
    (hop) =>
      `${hop.via ?? ''}%${hop.dev ?? ''}${hop.onlink ? '!' : ''}*${how.nextHops.length > 1 ? (hop.weight ?? 1) : 1}`,
  );
  return [
    how.kind,
    how.protocol,
    how.table,
    scope,
    how.metric ?? 0,
    how.source ?? '',
    how.mtu ?? 0,
    ...hops.sort(),
  ].join(' ');
}
