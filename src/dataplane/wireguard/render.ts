import type { DesiredWireguard, DesiredWireguardPeer, DesiredWireguardRoute } from '../../calc/desired/index.ts';
import { formatRule, type Route, type RoutingRule, type WireguardPeer } from '../../netlink/index.ts';
import { ROUTE_PROTOCOL } from '../routes/render.ts';

/** `RT_TABLE_DEFAULT`, `MAIN`, `LOCAL`. */
const SYSTEM_TABLES = [253, 254, 255];

/** Equal for a peer as it should be and as the device has it. */
export function peerText({
  endpoint,
  keepalive,
  allowedIps,
}: Pick<WireguardPeer, 'endpoint' | 'keepalive' | 'allowedIps'>): string {
  return `endpoint ${endpoint ?? '(none)'} keepalive ${keepalive} allowed ips ${[...allowedIps].sort().join(', ')}`;
}

/** A peer as a line for people, after wg(8). */
export function peerLine(device: string, { publicKey, ...peer }: DesiredWireguardPeer): string {
  return `${device} peer ${publicKey} ${peerText(peer)}`;
}

/** `99: not from all fwmark M/M lookup TABLE proto 80`: all but what the device has encrypted already. */
export function policyRule({ family, rulePriority, mark }: DesiredWireguard, table: number): RoutingRule {
  return { family, priority: rulePriority, invert: true, mark, mask: mark, table, protocol: ROUTE_PROTOCOL };
}

/**
 * Rules that we made, or that Calico's Felix left in the same place: it gives its rules no protocol. The kernel keeps
 * for others what looks otherwise.
 */
export function isOurRule(rule: RoutingRule, desired: DesiredWireguard | undefined): boolean {
  if (!rule.invert || rule.mark === undefined || rule.mark !== rule.mask) return false;
  if (rule.protocol === ROUTE_PROTOCOL) return true;
  return rule.protocol === undefined && rule.priority === desired?.rulePriority && rule.mark === desired.mark;
}

export function sameRule(a: RoutingRule, b: RoutingRule): boolean {
  return formatRule(a) === formatRule(b) && a.family === b.family;
}

/**
 * Tables that ours may be, the best first: the one that our own rule leads to already, then each that no rule of others
 * does.
 */
export function candidateTables({ tables }: DesiredWireguard, rules: readonly RoutingRule[]): readonly number[] {
  const inRange = (table: number): boolean => tables.some(({ min, max }) => table >= min && table <= max);
  const ours = rules.filter(({ invert, protocol }) => invert && protocol === ROUTE_PROTOCOL).map(({ table }) => table);
  const taken = new Set(rules.map(({ table }) => table));
  const free: number[] = [];
  for (const { min, max } of tables) {
    // Hundreds of tables that are all in use by others is no case to search on for.
    for (let table = Math.max(1, min); table <= max && free.length < 250; table++) {
      if (!taken.has(table) && !SYSTEM_TABLES.includes(table)) free.push(table);
    }
  }
  return [...new Set([...ours.filter(inRange), ...free])];
}

/** The way of packets to a CIDR: through the device, or on to the next rule. */
export interface Way {
  readonly kind: 'unicast' | 'throw';
  /** Index of the device; 0 for `throw`. */
  readonly dev: number;
}

/** The way of what is wanted, through the device with this index. */
export function wayTo({ mode }: DesiredWireguardRoute, dev: number): Way {
  return mode === 'tunnel' ? { kind: 'unicast', dev } : { kind: 'throw', dev: 0 };
}

/** A way as the kernel has it. IPv6 says of a `throw` that it leads to `lo`. */
export function wayOf({ kind, nextHops }: Route): Way {
  return kind === 'throw' ? { kind, dev: 0 } : { kind: 'unicast', dev: nextHops[0]?.dev ?? 0 };
}

export function wayText({ kind, dev }: Way): string {
  return `${kind} ${dev}`;
}
