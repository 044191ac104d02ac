import { type Family, parseIpv4 } from '../../../base/index.ts';
import { amend, CompiledFilter, type FilterVerdict } from '../../policy/index.ts';
import { ATTRIBUTE } from '../../wire/index.ts';
import type { AdjRibIn } from '../in/adj-rib-in.ts';
import { tellBandwidth } from '../link-bandwidth.ts';
import { isLongLivedStale, tellLongLivedStale } from '../long-lived-stale.ts';
import { marksOut, staysWithCustomers } from '../only-to-customer.ts';
import { type AttributePool, attributeMark } from '../pool/attribute-pool.ts';
import type { NextHopTable } from '../pool/next-hops.ts';
import { pathFlag } from '../pool/path-pool.ts';
import type { Source, SourceTable } from '../pool/source.ts';
import type { ExportContext } from './export-context.ts';
import { selfNextHop } from './self-next-hop.ts';

/** The speaker's tables that export needs. */
export interface ExportTables {
  readonly rib: AdjRibIn;
  readonly pool: AttributePool;
  readonly nextHops: NextHopTable;
  readonly sources: SourceTable;
  /** The tag of one of our own routes, by the path identifier it was put with. */
  readonly tag: (pathId: number) => string | undefined;
  /** The interface that a next hop is reached by, by its number. */
  readonly interfaceOf: (nextHop: number) => string | undefined;
  /** The interface of one of our own routes. */
  readonly ownInterface: (family: Family, prefix: number) => string | undefined;
}

/** No route goes out. */
export const NOTHING = 0;

/**
 * How a path looks to the peers of one group: attributes and next hop as they go out, by number. Numbers are counted
 * by Adj-RIB-Out. What was worked out is remembered for the length of one batch only (`forget`), during which no
 * attribute set can change its number.
 */
export class Outgoing {
  readonly #context: ExportContext;
  readonly #tables: ExportTables;
  readonly #filter: CompiledFilter | undefined;
  readonly #selfNextHop: number;
  readonly #clusterId: number | undefined;
  readonly #attributes = [0];
  readonly #nextHops = [0];
  readonly #references = [0];
  readonly #free: number[] = [];
  readonly #unused: number[] = [];
  readonly #ids = new Map<number, number>();
  /** By circumstance (source, rule, staleness), then by attributes and next hop. */
  readonly #remembered = new Map<number, Map<number, number>>();
  #lastCircumstance = -1;
  /** The last answer of `of`. */
  readonly #last = { circumstance: -1, attributes: 0, nextHop: 0, out: NOTHING };
  #lastRemembered = new Map<number, number>();
  readonly #rules: number;

  constructor(context: ExportContext, tables: ExportTables) {
    this.#context = context;
    this.#tables = tables;
    this.#filter = context.filter ? new CompiledFilter(context.filter, context.kind) : undefined;
    this.#rules = (context.filter?.rules.length ?? 0) + 1;
    this.#selfNextHop = selfNextHop(context, tables.nextHops);
    this.#clusterId = context.clusterId === null ? undefined : parseIpv4(context.clusterId, 'clusterId');
  }

  get asksInterface(): boolean {
    return this.#filter?.asksInterface ?? false;
  }

  attributes(out: number): number {
    return this.#attributes[out];
  }

  nextHop(out: number): number {
    return this.#nextHops[out];
  }

  retain(out: number): void {
    this.#references[out]++;
  }

  release(out: number): void {
    if (--this.#references[out] === 0) this.#unused.push(out);
  }

  /** The number for a path, or `NOTHING`. It lives until `forget`, or as long as it is retained. */
  of(path: number): number {
    const { rib, sources } = this.#tables;
    const source = sources.get(rib.paths.source[path]);
    const verdict = this.#filter?.evaluate(this.#route(path, source));
    if (verdict && !verdict.accept) return NOTHING;
    const flags = rib.paths.flags[path] & pathFlag.longLivedStale;
    const attributes = rib.paths.attributes[path];
    const nextHop = rib.paths.nextHop[path];
    const circumstance = (source.index * this.#rules + (verdict?.rule ?? -1) + 1) * 256 + flags;
    // Routes that came together mostly differ in nothing but their prefixes.
    const last = this.#last;
    if (last.circumstance === circumstance && last.attributes === attributes && last.nextHop === nextHop) {
      return last.out;
    }
    const remembered = this.#rememberedIn(circumstance);
    const key = attributes * 2 ** 21 + nextHop;
    let out = remembered.get(key);
    if (out === undefined) {
      out = this.refusal(path, source) === undefined ? this.#make(path, source, verdict) : NOTHING;
      remembered.set(key, out);
    }
    last.circumstance = circumstance;
    last.attributes = attributes;
    last.nextHop = nextHop;
    last.out = out;
    return out;
  }

  /** Why a path isn't for this group, or undefined if it is. */
  why(path: number): string | undefined {
    const { rib, sources } = this.#tables;
    const source = sources.get(rib.paths.source[path]);
    const verdict = this.#filter?.evaluate(this.#route(path, source));
    return verdict && !verdict.accept ? verdict.reason : this.refusal(path, source);
  }

  /** Ends a batch: numbers that nobody retained go. */
  forget(): void {
    for (const remembered of this.#remembered.values()) {
      for (const out of remembered.values())
        if (this.#attributes[out] !== 0 && this.#references[out] === 0) this.#drop(out);
    }
    for (const out of this.#unused) if (this.#attributes[out] !== 0 && this.#references[out] === 0) this.#drop(out);
    this.#unused.length = 0;
    this.#remembered.clear();
    this.#lastCircumstance = -1;
    this.#last.circumstance = -1;
  }

  /** The group is no more: nothing is retained any longer. */
  close(): void {
    this.forget();
    this.#tables.nextHops.release(this.#selfNextHop);
  }

  /** The rules of the protocol itself, apart from the filter. */
  refusal(path: number, source: Source): string | undefined {
    const { rib, pool, nextHops } = this.#tables;
    const { kind, extendedNextHop, family, longLived, role } = this.#context;
    const marks = pool.marks[rib.paths.attributes[path]];
    if (marks & attributeMark.noAdvertise) return 'it bears NO_ADVERTISE (RFC 1997)';
    if (kind === 'ebgp' && marks & attributeMark.noExport) return 'it bears NO_EXPORT (RFC 1997)';
    if (kind === 'ebgp' && marks & attributeMark.noExportSubconfed) return 'it bears NO_EXPORT_SUBCONFED (RFC 1997)';
    if (kind === 'ibgp' && source.kind === 'ibgp' && source.clusterId === undefined && this.#clusterId === undefined) {
      return 'learned from one internal peer, and neither is a reflection client (RFC 4456 §6)';
    }
    if (!longLived && isLongLivedStale(rib.paths.flags[path], marks)) {
      return 'long-lived stale, and the peer knows no such routes (RFC 9494 §4.3)';
    }
    if (role !== null && staysWithCustomers(role, pool.attributes(rib.paths.attributes[path]))) {
      return 'meant for customers only (RFC 9234 §5)';
    }
    const nextHop = this.#nextHopOf(path, source);
    if (nextHop === 0) return `we have no ${family} address on this session to announce as next hop`;
    const octets = nextHops.bytes(nextHop).length;
    if (family === 'ipv4-unicast' && octets !== 4 && !extendedNextHop) {
      return 'its next hop is IPv6, and the peer did not negotiate that for IPv4 (RFC 8950)';
    }
    if (family === 'ipv6-unicast' && octets === 4) return 'its next hop is IPv4';
    return undefined;
  }

  #rememberedIn(circumstance: number): Map<number, number> {
    if (circumstance === this.#lastCircumstance) return this.#lastRemembered;
    let remembered = this.#remembered.get(circumstance);
    if (remembered === undefined) this.#remembered.set(circumstance, (remembered = new Map()));
    this.#lastCircumstance = circumstance;
    return (this.#lastRemembered = remembered);
  }

  #make(path: number, source: Source, verdict: FilterVerdict | undefined): number {
    const { pool } = this.#tables;
    const nextHop = this.#nextHopOf(path, source);
    const attributes = this.#transform(path, source, verdict, nextHop === this.#selfNextHop);
    const key = attributes * 2 ** 24 + nextHop;
    const known = this.#ids.get(key);
    if (known !== undefined) {
      pool.release(attributes);
      return known;
    }
    const out = this.#free.pop() ?? this.#attributes.length;
    this.#attributes[out] = attributes;
    this.#nextHops[out] = this.#tables.nextHops.retain(nextHop);
    this.#references[out] = 0;
    this.#ids.set(key, out);
    return out;
  }

  #drop(out: number): void {
    this.#ids.delete(this.#attributes[out] * 2 ** 24 + this.#nextHops[out]);
    this.#tables.pool.release(this.#attributes[out]);
    this.#tables.nextHops.release(this.#nextHops[out]);
    this.#attributes[out] = 0;
    this.#free.push(out);
  }

  /** A path's attributes as they go out, retained once. `isOurs`: with us as next hop. */
  #transform(path: number, source: Source, verdict: FilterVerdict | undefined, isOurs: boolean): number {
    const { kind, localAs, role, removePrivateAs } = this.#context;
    const { attributes, flags } = this.#tables.rib.paths;
    return this.#tables.pool.derive(attributes[path], (list) => {
      if (kind === 'ebgp') {
        list.delete(ATTRIBUTE.LOCAL_PREF).delete(ATTRIBUTE.ORIGINATOR_ID).delete(ATTRIBUTE.CLUSTER_LIST);
        if (source.kind !== 'local') list.delete(ATTRIBUTE.MED);
        list.removeNonTransitive();
      } else {
        if (list.get(ATTRIBUTE.LOCAL_PREF) === undefined) list.setLocalPref(100);
        if (source.kind === 'ibgp') {
          if (list.get(ATTRIBUTE.ORIGINATOR_ID) === undefined) list.put('originatorId', source.routerId);
          list.prependCluster(this.#clusterId ?? source.clusterId!);
        }
      }
      if (role !== null && marksOut(role) && list.get(ATTRIBUTE.OTC) === undefined) list.put('otc', localAs);
      if (verdict?.set) amend(list, verdict.set);
      if (flags[path] & pathFlag.longLivedStale) tellLongLivedStale(list);
      if (isOurs) tellBandwidth(list, this.#context);
      if (removePrivateAs !== null) list.removePrivateAs(removePrivateAs);
      if (kind === 'ebgp') list.delete(ATTRIBUTE.LOCAL_PREF).prependAsPath([localAs]);
    });
  }

  #nextHopOf(path: number, source: Source): number {
    const { kind, nextHop } = this.#context;
    const own = this.#tables.rib.paths.nextHop[path];
    if (own === 0 || nextHop === 'self' || this.#tables.nextHops.isLinkLocal(own)) return this.#selfNextHop;
    const crossesBorder = kind === 'ebgp' && source.kind !== 'local';
    return nextHop === 'auto' && crossesBorder ? this.#selfNextHop : own;
  }

  #route(path: number, source: Source) {
    const { rib, pool, tag, interfaceOf, ownInterface } = this.#tables;
    const local = source.kind === 'local';
    return {
      family: rib.family,
      prefixes: rib.prefixes,
      prefix: rib.paths.prefix[path],
      source: local ? ('local' as const) : ('bgp' as const),
      tag: local ? tag(rib.paths.pathId(path)) : undefined,
      interface: () =>
        local ? ownInterface(rib.family, rib.paths.prefix[path]) : interfaceOf(rib.paths.nextHop[path]),
      attributes: () => pool.attributes(rib.paths.attributes[path]),
    };
  }
}
