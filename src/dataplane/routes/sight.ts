import { type Family, formatPrefix, parsePrefix, prefixWords } from '../../base/index.ts';
import type { FibInfo, Route, RouteChanges, RouteColumns, RouteFailure } from '../../netlink/index.ts';
import type { FibInfos } from './fib-infos.ts';
import { ForeignRoutes, metricOf } from './foreign.ts';
import type { RouteOwnership } from './ownership.ts';
import { ROUTE_PROTOCOL } from './render.ts';
import type { RouteBatch, RouteTable } from './route-table.ts';
import { Surplus } from './surplus.ts';

type ByFamily<T> = Readonly<Record<Family, T>>;

/** An entry of changes to what Calico left, and how that was. */
interface AdoptedEntry {
  readonly changes: RouteChanges;
  readonly entry: number;
  readonly info: FibInfo;
}

/**
 * Sorts the routes that the kernel was seen to have by owner: ours and those left by Calico go to the tables, a second
 * route for a prefix to the surplus, and what is in the way of ours among the foreign ones.
 */
export class RouteSight {
  readonly foreign: ForeignRoutes;
  readonly surplus: ByFamily<Surplus>;
  readonly #tables: ByFamily<RouteTable>;
  readonly #infos: FibInfos;
  readonly #ownership: RouteOwnership;
  /** Whether the tables may hold routes of Calico's own protocols. */
  #adopted = false;

  constructor(tables: ByFamily<RouteTable>, ownership: RouteOwnership) {
    this.#tables = tables;
    this.#infos = tables[4].infos;
    this.#ownership = ownership;
    this.foreign = new ForeignRoutes(tables, ownership);
    this.surplus = { 4: new Surplus(tables[4]), 6: new Surplus(tables[6]) };
  }

  /** All routes of one family's main table. */
  sawAll({ family, count, addresses, lengths, infoIndex, infos }: RouteColumns): void {
    const table = this.#tables[family];
    const { prefixes } = table;
    const seen = new Uint8Array(prefixes.limit + count);
    const numbers = new Map<FibInfo, number>();
    this.surplus[family].forget();
    this.foreign.forget(family);
    for (let entry = 0; entry < count; entry++) {
      const [info, at, length] = [infos[infoIndex[entry]], entry * prefixes.words, lengths[entry]];
      const owner = this.#ownership.of(family, info, addresses, at, length);
      if (owner === 'ours' || owner === 'calico') {
        const prefix = prefixes.internAt(addresses, at, length);
        let id = numbers.get(info);
        if (id === undefined) numbers.set(info, (id = this.#infos.shown(family, info)));
        if (owner === 'calico') this.#adopted = true;
        const kept = seen[prefix] === 0 ? id : this.#better(table, prefix, id);
        if (seen[prefix] === 1) {
          const other = kept === id ? this.#infos.info(table.actual(prefix)) : info;
          this.surplus[family].add(addresses, at, length, exact(family, other));
        }
        seen[prefix] = 1;
        table.found(prefix, kept);
      } else if (owner === 'others' || (owner === 'elsewhere' && isWanted(table, addresses, at, length))) {
        this.foreign.observed({ ...info, family, destination: textOf(family, addresses, at, length) }, true);
      }
    }
    for (let prefix = 0; prefix < prefixes.limit; prefix++) {
      if (table.actual(prefix) !== 0 && seen[prefix] === 0) table.found(prefix, 0);
    }
  }

  /**
   * One route has come or gone. Answers whether ours may have gone with it: a route of the same metric that is put in
   * its place removes it without a word.
   */
  saw(route: Route, present: boolean): boolean {
    const { family } = route;
    const table = this.#tables[family];
    const { length, ...address } = parsePrefix(route.destination);
    const words = prefixWords({ ...address, length });
    const owner = this.#ownership.of(family, route, words, 0, length);
    if (owner === 'ours' || owner === 'calico') {
      if (owner === 'calico') this.#adopted = true;
      this.#sawKnown(table, route, words, length, present);
      return false;
    }
    const prefix = table.prefixes.findAt(words, 0, length);
    if (owner === 'others' || (owner === 'elsewhere' && prefix >= 0)) this.foreign.observed(route, present);
    if (prefix < 0) return false;
    if (!present) table.again(prefix);
    return present && table.actual(prefix) !== 0 && this.#isInPlace(table, prefix, route);
  }

  /** Entries of a batch that replace or remove what Calico left. */
  adoptedIn(table: RouteTable, { changes, keys }: RouteBatch): readonly AdoptedEntry[] {
    if (!this.#adopted) return [];
    return Array.from(keys.subarray(0, changes.count)).flatMap((key, entry) => {
      const info = this.#infos.info(table.actual(key));
      return table.actual(key) === 0 || info.protocol === ROUTE_PROTOCOL ? [] : [{ changes, entry, info }];
    });
  }

  /** The kernel has answered: what was Calico's there is ours now, or gone. */
  tookOver(entries: readonly AdoptedEntry[], failures: readonly RouteFailure[]): void {
    if (entries.length === 0) return;
    const failed = new Set(failures.map(({ entry }) => entry));
    for (const { changes, entry, info } of entries) {
      const { family, addresses, lengths } = changes;
      const at = entry * this.#tables[family].prefixes.words;
      if (!failed.has(entry)) this.#ownership.tookOver(family, info, addresses, at, lengths[entry]);
    }
  }

  /** Records the kernel's answers to deletions from the surplus. */
  removed(changes: RouteChanges, failures: readonly RouteFailure[]): void {
    const infos = Array.from({ length: changes.count }, (_, entry) => changes.infos[changes.infoIndex[entry]]);
    const entries = infos.map((info, entry) => ({ changes, entry, info }));
    this.tookOver(
      entries.filter(({ info }) => info.protocol !== ROUTE_PROTOCOL),
      failures,
    );
  }

  /** A route in another place than ours has, or is to have, is surplus: also while ours is under way. */
  #sawKnown(table: RouteTable, route: Route, words: Uint32Array, length: number, present: boolean): void {
    const { family } = route;
    const prefix = table.prefixes.internAt(words, 0, length);
    const [actual, desired] = [table.actual(prefix), table.desired(prefix)];
    const place = (desired || actual) === 0 ? route : this.#infos.info(desired || actual);
    const isInPlace = metricOf(family, place) === metricOf(family, route);
    if (present) {
      if (isInPlace) table.found(prefix, this.#infos.shown(family, route));
      else this.surplus[family].add(words, 0, length, exact(family, route));
      return;
    }
    const isOurs = route.protocol === ROUTE_PROTOCOL;
    const isKnown = isOurs || actual === this.#infos.shown(family, route);
    if (actual === 0 ? isOurs : isKnown && this.#isInPlace(table, prefix, route)) table.found(prefix, 0);
  }

  /** Whether it has the same place as the route that the table knows: the kernel keeps one for each metric. */
  #isInPlace(table: RouteTable, prefix: number, route: FibInfo): boolean {
    return metricOf(table.family, this.#infos.info(table.actual(prefix))) === metricOf(table.family, route);
  }

  /** Of two for one prefix: what is wanted, else what has its place, else ours, else what the kernel prefers. */
  #better(table: RouteTable, prefix: number, id: number): number {
    const known = table.actual(prefix);
    const desired = table.desired(prefix);
    const place = metricOf(table.family, this.#infos.info(desired));
    const rank = (one: number): number => {
      const info = this.#infos.info(one);
      const isOurs = info.protocol === ROUTE_PROTOCOL;
      return (one === desired ? 0 : 4) + (metricOf(table.family, info) === place ? 0 : 2) + (isOurs ? 0 : 1);
    };
    if (rank(known) !== rank(id)) return rank(known) < rank(id) ? known : id;
    const [theirs, its] = [known, id].map((one) => metricOf(table.family, this.#infos.info(one)));
    return theirs <= its ? known : id;
  }
}

/** With its metric named, so that no other one is deleted for it. */
function exact(family: Family, info: FibInfo): FibInfo {
  const { kind, protocol, table, nextHops } = info;
  const metric = metricOf(family, info);
  return { kind, protocol, table, nextHops, ...(metric > 0 && { metric }) };
}

function isWanted(table: RouteTable, words: Uint32Array, at: number, length: number): boolean {
  const prefix = table.prefixes.findAt(words, at, length);
  return prefix >= 0 && table.desired(prefix) !== 0;
}

function textOf(family: Family, words: Uint32Array, at: number, length: number): string {
  let value = 0n;
  for (let word = 0; word < (family === 4 ? 1 : 4); word++) value = (value << 32n) | BigInt(words[at + word]);
  return formatPrefix({ family, value, length });
}
