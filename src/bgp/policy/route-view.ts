import type { Family, PrefixTable } from '../../base/index.ts';
import type { OriginValidity } from '../api.ts';

/** The questions of rules about a route's attributes. */
export interface RouteAttributes {
  asPath(): readonly number[];
  communities(): readonly number[];
  extendedCommunities(): readonly bigint[];
  largeCommunities(): readonly string[];
  localPref(): number;
}

/** A route as a filter sees it. */
export interface RouteView {
  readonly family: Family;
  readonly prefixes: PrefixTable;
  readonly prefix: number;
  readonly source: 'bgp' | 'local';
  readonly tag: string | undefined;
  /** Where it leads; asked for only when a rule needs it. */
  readonly interface: () => string | undefined;
  /** Of a route on its way in; asked for only when a rule needs it. */
  readonly originValidity?: () => OriginValidity | undefined;
  /** Asked for only when a rule needs it. */
  readonly attributes: () => RouteAttributes;
}
