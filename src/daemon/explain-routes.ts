import { type Address, hostCidr, type Prefix, prefix, prefixWords } from '../base/index.ts';
import type { Desired } from '../calc/index.ts';
import type { ExplainedEntry } from '../control/index.ts';
import { ROUTE_PROTOCOL, type RouteSource, type RouteTable } from '../dataplane/index.ts';
import { deviceNames, formatRoute } from '../netlink/index.ts';
import type { QuerySources } from './queries.ts';

type RouteSources = Pick<QuerySources, 'dataplane' | 'desired' | 'learned'>;

/** Each route that is wanted or present, with why. */
export function explainRoutes(sources: RouteSources): ExplainedEntry[] {
  return Object.values(sources.dataplane.routes.tables).flatMap((table) => explainTable(sources, table));
}

/** The routes to one prefix (CIDR text). */
export function explainRoutesTo(sources: RouteSources, { family, value, length }: Prefix): ExplainedEntry[] {
  const table = sources.dataplane.routes.tables[family];
  const prefix = table.prefixes.findAt(prefixWords({ family, value, length }), 0, length);
  return prefix < 0 ? [] : explainTable(sources, table, prefix, prefix + 1);
}

/** Whether this node has a way to the prefix that BGP did not tell it: by VXLAN, or because the block is its own. */
export function isLedWithoutBgp({ dataplane }: RouteSources, { family, value, length }: Prefix): boolean {
  const table = dataplane.routes.tables[family];
  const prefix = table.prefixes.findAt(prefixWords({ family, value, length }), 0, length);
  const source = prefix < 0 ? undefined : table.sourceOf(prefix);
  return source === 'tunnel' || source === 'blackhole';
}

/** The routes that cover an address, the longest prefix first. */
export function explainRoutesOver(sources: RouteSources, address: Address): ExplainedEntry[] {
  const whole = address.family === 4 ? 32 : 128;
  return Array.from({ length: whole + 1 }, (_, at) => prefix(address, whole - at)).flatMap((covering) =>
    explainRoutesTo(sources, covering),
  );
}

/** Of the prefixes from `first` to before `limit`, by their numbers. */
function explainTable(
  sources: RouteSources,
  table: RouteTable,
  first = 0,
  limit = table.prefixes.limit,
): ExplainedEntry[] {
  const refused = new Map(sources.dataplane.routes.failures().map(({ prefix, reason }) => [prefix, reason]));
  const names = deviceNames([...sources.dataplane.links.values()]);
  const reasonOf = reasons(sources, table);
  const entries: ExplainedEntry[] = [];
  for (let prefix = first; prefix < limit; prefix++) {
    const [desired, actual] = [table.desired(prefix), table.actual(prefix)];
    if (desired === 0 && actual === 0) continue;
    const destination = table.prefixes.text(prefix);
    const textOf = (info: number): string =>
      formatRoute({ ...table.infos.info(info), family: table.family, destination }, names);
    const why = refused.get(destination) ?? reasonOf(prefix, destination);
    const since = sources.dataplane.routes.recent.since(destination);
    const present = desired !== 0 && actual === desired;
    const when = present && since !== undefined ? { since } : {};
    if (desired !== 0) entries.push({ text: textOf(desired), wanted: true, present, why, ...when });
    if (actual === 0 || actual === desired) continue;
    const stale = desired === 0 ? why : 'in the place of another that is wanted';
    entries.push({ text: textOf(actual), wanted: false, present: true, why: stale });
  }
  return entries;
}

/** Why a route is there: who wants it, and what for. */
function reasons({ desired, learned }: RouteSources, table: RouteTable): (prefix: number, cidr: string) => string {
  const known = knownReasons(desired());
  const words: Readonly<Record<RouteSource, (prefix: number, cidr: string) => string>> = {
    workload: (_, cidr) => known.get(cidr) ?? 'a pod of this node',
    tunnel: (_, cidr) => `VXLAN: ${known.get(cidr) ?? 'the way to another node'}`,
    peer: () => 'the way to a BGP peer (reachableBy)',
    bgp: (prefix) => {
      const { addresses = [], localPref } = learned(table.family, prefix) ?? {};
      return `BGP: next hop ${addresses.join(', ')}, local preference ${localPref}`;
    },
    blackhole: () => 'own block: addresses that no pod has lead nowhere',
  };
  return (prefix, cidr) => {
    const source = table.sourceOf(prefix);
    if (source === undefined) {
      const isOurs = table.infos.info(table.actual(prefix)).protocol === ROUTE_PROTOCOL;
      return `left ${isOurs ? 'from a former run' : 'by Calico'}; waits for the end of the restart`;
    }
    return words[source](prefix, cidr);
  };
}

/** The reasons in the desired state, for each CIDR that it names. */
function knownReasons({ workloads, nat, tunnels }: Desired): ReadonlyMap<string, string> {
  return new Map([
    ...[tunnels.vxlan4, tunnels.vxlan6].flatMap((vxlan) => [
      ...[...(vxlan?.peers.values() ?? [])].map(
        ({ node, address }) => [hostCidr(address), `tunnel address of ${node}`] as const,
      ),
      ...[...(vxlan?.routes.values() ?? [])].map(({ cidr, why }) => [cidr, why] as const),
    ]),
    ...nat.floatingIps.map(({ external, why }) => [hostCidr(external), why] as const),
    ...workloads.flatMap(({ addresses, why }) => addresses.map((cidr) => [cidr, why] as const)),
  ]);
}
