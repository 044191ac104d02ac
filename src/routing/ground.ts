import type { RouteNextHop } from '../netlink/index.ts';

/** The way that others than BGP know: `length` of the route that it is by, -1 for none. */
export interface OtherWay {
  readonly length: number;
  readonly hops: readonly RouteNextHop[];
}

export const NO_WAY: OtherWay = { length: -1, hops: [] };
/** An address of this node leads nowhere, whatever peers say. */
export const OURSELVES: OtherWay = { length: 128, hops: [] };

/** A next hop on a connected network is its own gateway; one behind a router is reached through the router's address. */
export function groundOf(address: string, length: number, nextHops: readonly RouteNextHop[]): OtherWay {
  const hops = nextHops.flatMap(({ via, dev, onlink, weight }) =>
    dev === undefined
      ? []
      : [{ via: via ?? address, dev, ...(onlink && { onlink }), ...(nextHops.length > 1 && weight && { weight }) }],
  );
  return { length, hops };
}

export function sameWays(a: readonly RouteNextHop[], b: readonly RouteNextHop[]): boolean {
  if (a === b) return true;
  return (
    a.length === b.length &&
    a.every(({ via, dev, onlink, weight }, at) => {
      const other = b[at];
      return via === other.via && dev === other.dev && onlink === other.onlink && weight === other.weight;
    })
  );
}
