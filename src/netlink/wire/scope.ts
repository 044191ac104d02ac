import type { RouteScope, RouteType } from '../kernel.ts';

/** rt_scope_t and RTN_* of include/uapi/linux/rtnetlink.h. */
const SCOPES: Readonly<Record<RouteScope, number>> = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 };
const KINDS: Readonly<Record<RouteType, number>> = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
};

const SCOPE_NAMES = new Map(Object.entries(SCOPES).map(([name, number]) => [number, name as RouteScope]));
const KIND_NAMES = new Map(Object.entries(KINDS).map(([name, number]) => [number, name as RouteType]));

export function scopeNumber(scope: RouteScope): number {
  return SCOPES[scope];
}

/** Numbers that have no name are site-local by their meaning: 1–199 and 201–252 are for users. */
export function scopeName(number: number): RouteScope {
  return SCOPE_NAMES.get(number) ?? 'site';
}

export function kindNumber(kind: RouteType): number {
  return KINDS[kind];
}

/** Undefined for kinds that are never in a routing table (nat, xresolve). */
export function kindName(number: number): RouteType | undefined {
  return KIND_NAMES.get(number);
}
