/**
 * rib: what was learned, what is best, what is told to whom (RFC 4271 §3.2, §9). Its rooms:
 *
 *     in/      what peers announce and we originate: an UPDATE comes in through `SessionInput`, and lands in `AdjRibIn`
 *     best/    which path is best, and why
 *     out/     what is told to whom: export groups and their members
 *     pool/    what all of it is known by: attributes, paths, next hops, sources, as small integers
 *     views/   what others ask: explanations, dumps, received routes
 *
 * `Ribs` has a `FamilyRib` for each AFI and SAFI (`wire/family.ts`), and `RouteEngine` works them off in slices of time:
 *
 *     UpdateView ─► AdjRibIn ─dirty─► LocRib ─┬─► BestChanges (for the program around the speaker)
 *                      ▲                      └─dirty─► ExportGroup ─► slabs ─► ExportMember ─► peer
 *           AttributePool, NextHopTable
 *
 * Prefixes, paths, attributes, next hops and sources are small integers, and all that is known of them lies in
 * typed-array columns: no object and no string for a route. Work is kept as sets of dirty prefixes, so it coalesces
 * by itself and is bounded by the size of the table. Every refusal and every defeat has its reason in words.
 * Synchronous and pure; whoever calls says when time is up.
 */

export { Decision, type DecisionStep, type DecisionView, decisionSteps, ineligible } from './best/decision.ts';
export { LocRib } from './best/loc-rib.ts';
export { AdjRibIn, type Admit, type ImportOutcome, type SourceCounts } from './in/adj-rib-in.ts';
export { type ExportContext, exportContext, exportKey } from './out/export-context.ts';
export { ExportGroup } from './out/export-group.ts';
export { ExportMember, type Outlet } from './out/export-member.ts';
export { type ExportTables, Outgoing } from './out/outgoing.ts';
export { AttributeList, DEFAULT_LOCAL_PREF } from './pool/attribute-list.ts';
export { AttributePool, attributeMark } from './pool/attribute-pool.ts';
export { DirtySet } from './pool/columns.ts';
export { NextHopSets } from './pool/next-hop-sets.ts';
export { NextHopTable } from './pool/next-hops.ts';
export { NO_PATH, PathPool, pathFlag } from './pool/path-pool.ts';
export { type Source, SourceTable } from './pool/source.ts';
export { Tags } from './pool/tags.ts';
export { RouteEngine, type RouteEngineOptions } from './route-engine.ts';
