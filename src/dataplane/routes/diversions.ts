import {
  containsPrefix,
  covers,
  type Family,
  formatPrefix,
  type Prefix,
  parsePrefix,
  prefixWords,
} from '../../base/index.ts';
import type { Route, RouteColumns, RoutingRule } from '../../netlink/index.ts';
import { MAIN_TABLE, ROUTE_PROTOCOL } from './render.ts';

/**
 * A rule of somebody else that leads packets to pods, or some of them, to another table before they come to our routes.
 */
export interface Diversion {
  readonly rule: RoutingRule;
  /** The route there that they then take. */
  readonly route: Route;
  /** Where pods have their addresses, as a CIDR. */
  readonly range: string;
}

/** `RT_TABLE_LOCAL`, and 0 for rules whose table a device tells (`l3mdev`). */
const NOT_READ: readonly number[] = [0, 255, MAIN_TABLE];

/** Rules of others that count before the main table does, in order. Those to the local table are the kernel's. */
export function earlierRules(rules: readonly RoutingRule[]): readonly RoutingRule[] {
  const ordered = rules.toSorted((a, b) => a.priority - b.priority);
  const main = ordered.findIndex((rule) => rule.table === MAIN_TABLE && isForAll(rule));
  return ordered
    .slice(0, main < 0 ? undefined : main)
    .filter(({ table, protocol }) => !NOT_READ.includes(table) && protocol !== ROUTE_PROTOCOL);
}

/**
 * The diversions by one rule, given its table: for each range the route that holds it whole, else the first that holds
 * a part.
 */
export function diversions(rule: RoutingRule, table: RouteColumns, ranges: readonly string[]): readonly Diversion[] {
  return ranges
    .map((cidr) => parsePrefix(cidr))
    .filter((range) => range.family === table.family && mayLeadTo(rule, range))
    .flatMap((range) => {
      const entry = entryFor(table, range);
      if (entry === undefined) return [];
      const destination = formatPrefix({ family: table.family, ...destinationOf(table, entry) });
      const route: Route = { ...table.infos[table.infoIndex[entry]], family: table.family, destination };
      return [{ rule, route, range: formatPrefix(range) }];
    });
}

function isForAll({ source, destination, mark, incoming, invert }: RoutingRule): boolean {
  return !invert && [source, destination, mark, incoming].every((selector) => selector === undefined);
}

function mayLeadTo({ destination, invert }: RoutingRule, range: Prefix): boolean {
  if (destination === undefined || invert) return true;
  const wanted = parsePrefix(destination);
  return containsPrefix(wanted, range) || containsPrefix(range, wanted);
}

function entryFor(table: RouteColumns, range: Prefix): number | undefined {
  const words = prefixWords(range);
  const width = words.length;
  let [whole, part]: (number | undefined)[] = [];
  for (let entry = 0; entry < table.count; entry++) {
    const length = table.lengths[entry];
    if (length <= range.length) {
      if (whole !== undefined && length <= table.lengths[whole]) continue;
      if (covers(table.addresses, entry * width, length, words, 0)) whole = entry;
    } else if (part === undefined && takes(table, entry)) {
      if (covers(words, 0, range.length, table.addresses, entry * width)) part = entry;
    }
  }
  return whole !== undefined && takes(table, whole) ? whole : part;
}

/** A `throw` sends packets on to the next rule. */
function takes({ infos, infoIndex }: RouteColumns, entry: number): boolean {
  return infos[infoIndex[entry]].kind !== 'throw';
}

function destinationOf({ family, addresses, lengths }: RouteColumns, entry: number): Omit<Prefix, 'family'> {
  const width = WORDS[family];
  let value = 0n;
  for (let word = 0; word < width; word++) value = (value << 32n) | BigInt(addresses[entry * width + word]);
  return { value, length: lengths[entry] };
}

const WORDS: Readonly<Record<Family, number>> = { 4: 1, 6: 4 };
