/**
 * policy: ordered rules that accept, refuse or change routes.
 *
 * A `Filter` (see `api.ts`) is compiled once for each peer that it serves. The first rule whose match holds decides;
 * every verdict says which rule it was, in words, so that "why was this filtered" is the same code as the filter
 * itself. What a rule sets depends on the rule and the attributes alone, never on the prefix: callers keep one
 * result for each (attributes, rule). Pure; knows no peer and no RIB.
 */
export { addCommunities, amend } from './amend.ts';
export { parseCommunity, wellKnownCommunity } from './community.ts';
export { formatExtendedCommunity } from './extended-community.ts';
export { CompiledFilter, type FilterVerdict } from './filter.ts';
export type { RouteView } from './route-view.ts';
