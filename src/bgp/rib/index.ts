/**
 * rib: what was learned, what is best, what is told to whom (RFC 4271 §3.2, §9).
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
export { AdjRibIn, type Admission, type Admit, type SourceCounts } from './adj-rib-in.ts';
export { AttributeList, DEFAULT_LOCAL_PREF } from './attribute-list.ts';
export { AttributePool, attributeMark } from './attribute-pool.ts';
export { DirtySet } from './columns.ts';
export { Decision, type DecisionStep, type DecisionView, decisionSteps, ineligible } from './decision.ts';
export { type ExportContext, exportContext, exportKey } from './export-context.ts';
export { ExportGroup } from './export-group.ts';
export { ExportMember, type Outlet } from './export-member.ts';
export { LocRib } from './loc-rib.ts';
export { NextHopSets } from './next-hop-sets.ts';
export { NextHopTable } from './next-hops.ts';
export { type ExportTables, Outgoing } from './outgoing.ts';
export { NO_PATH, PathPool, pathFlag } from './path-pool.ts';
export { RouteEngine, type RouteEngineOptions } from './route-engine.ts';
export { type Source, SourceTable } from './source.ts';
export { Tags } from './tags.ts';
