import { type Counted, type Family, Interned } from '../../base/index.ts';
import type { FibInfo } from '../../netlink/index.ts';

/** `IP6_RT_PRIO_USER`. */
const IPV6_METRIC = 1024;

const NOWHERE: FibInfo = Object.freeze({ kind: 'unicast', protocol: 0, table: 0, nextHops: [] });

/**
 * Numbers for the ways out of a route. Thousands of routes share a handful of them, so a route is two integers
 * (prefix, info) and a difference between routes is a difference between integers. Number 0 means "no route".
 *
 * Each pod has a way of its own, through its interface, so ways come and go as pods do: whoever keeps a number retains it,
 * and `collect` gives those that nobody keeps to other ways.
 */
export class FibInfos implements Counted {
  readonly #infos = new Interned<string, FibInfo>(NOWHERE, 'collect');

  /** The number of `info`, the same for equal ones: good until the next `collect`, unless it is retained. */
  id(info: FibInfo): number {
    const text = fibInfoText(info);
    return this.#infos.find(text) || this.#infos.add(text, Object.freeze({ ...info }));
  }

  /**
   * The number of what the kernel shows. To an IPv6 route it gives no scope, and the metric 1024 where none was asked for:
   * with these left out it equals what was wanted.
   */
  shown(family: Family, info: FibInfo): number {
    if (family === 4) return this.id(info);
    const { scope: _, metric, ...rest } = info;
    return this.id(metric === undefined || metric === IPV6_METRIC ? rest : { ...rest, metric });
  }

  info(id: number): FibInfo {
    return this.#infos.values[id];
  }

  /** All of them, by number. The array grows as the table does. */
  get all(): readonly FibInfo[] {
    return this.#infos.values;
  }

  retain(id: number): number {
    return this.#infos.retain(id);
  }

  release(id: number): void {
    this.#infos.release(id);
  }

  /** Gives up what nobody retains. Not while the kernel is at work on a batch, which refers to `all`. */
  collect(): void {
    this.#infos.collect();
  }
}

/** Equal for infos that the kernel would show alike: absent fields and the kernel's defaults are one. */
function fibInfoText(info: FibInfo): string {
  const onLink = info.nextHops.every((hop) => hop.via === undefined);
  const scope = info.scope ?? (info.kind === 'unicast' && onLink ? 'link' : 'global');
  const hops = info.nextHops.map(
    (hop) =>
      `${hop.via ?? ''}%${hop.dev ?? ''}${hop.onlink ? '!' : ''}*${info.nextHops.length > 1 ? (hop.weight ?? 1) : 1}`,
  );
  return [
    info.kind,
    info.protocol,
    info.table,
    scope,
    info.metric ?? 0,
    info.source ?? '',
    info.mtu ?? 0,
    ...hops.sort(),
  ].join(' ');
}
