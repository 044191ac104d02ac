import type { Cancel } from '../../base/index.ts';
import type { AddressFamily, PeerConfig } from '../api.ts';
import type { Negotiated, NlriColumns, PeerHandle } from '../contract.ts';
import { amend, CompiledFilter, type FilterVerdict } from '../policy/index.ts';
import { ipFamily, perFamily } from '../wire/index.ts';
import type { AdjRibIn, Admit, ImportOutcome } from './in/adj-rib-in.ts';
import { loops } from './in/loop.ts';
import type { RouteSurroundings } from './in/origin.ts';
import { WithdrawnByError } from './in/withdrawn-by-error.ts';
import { onlyToCustomerIn } from './only-to-customer.ts';
import type { ExportMember } from './out/export-member.ts';
import { type AttributePool, attributeMark } from './pool/attribute-pool.ts';
import type { NextHopTable } from './pool/next-hops.ts';
import { pathFlag } from './pool/path-pool.ts';
import type { Source } from './pool/source.ts';

/** A peer as the routes know it: it outlives sessions, since its routes may (RFC 4724). */
export class RibPeer {
  config: PeerConfig;
  handle: PeerHandle | undefined;
  negotiated: Negotiated | undefined;
  source: Source | undefined;
  /** Families whose stale routes wait for its return. */
  readonly keeping = new Set<AddressFamily>();
  /** Families of which it has announced nothing since it began a refresh: to begin it once more changes nothing. */
  readonly marked = new Set<AddressFamily>();
  readonly members = new Map<AddressFamily, ExportMember>();
  readonly withdrawnByError = perFamily((family) => new WithdrawnByError(ipFamily(family)));
  readonly #routerId: number;
  readonly #asn: number;
  readonly #clusterIds: ReadonlySet<number>;
  readonly #timers: Cancel[] = [];
  #owedEndOfRibs: readonly AddressFamily[] = [];
  readonly #surroundings: RouteSurroundings;
  #filter: CompiledFilter | undefined;

  constructor(
    config: PeerConfig,
    routerId: number,
    asn: number,
    clusterIds: ReadonlySet<number>,
    surroundings: RouteSurroundings,
  ) {
    this.config = config;
    this.#routerId = routerId;
    this.#asn = asn;
    this.#clusterIds = clusterIds;
    this.#surroundings = surroundings;
    this.#compile();
  }

  /** End-of-RIB markers that the peer, being up, promised by its graceful-restart capability. */
  get owesEndOfRib(): boolean {
    return this.#owedEndOfRibs.length > 0;
  }

  /** Whether the import filter asks for interfaces. */
  get asksInterface(): boolean {
    return this.#filter?.asksInterface ?? false;
  }

  /** Whether the import filter asks for the origin's validity. */
  get asksOrigin(): boolean {
    return this.#filter?.asksOrigin ?? false;
  }

  /** Whether that of a family is still to come. */
  owesEndOfRibOf(family: AddressFamily): boolean {
    return this.#owedEndOfRibs.includes(family);
  }

  ribEnded(family: AddressFamily): void {
    this.#owedEndOfRibs = this.#owedEndOfRibs.filter((owed) => owed !== family);
  }

  /** True when routes that were learned before are to be looked at again. */
  reconfigure(config: PeerConfig): boolean {
    const before = this.config;
    this.config = config;
    this.#compile();
    return (
      JSON.stringify([before.importFilter, before.allowLocalAs]) !==
      JSON.stringify([config.importFilter, config.allowLocalAs])
    );
  }

  establish(handle: PeerHandle, negotiated: Negotiated, source: Source): void {
    this.cancelTimers();
    this.handle = handle;
    this.negotiated = negotiated;
    this.source = source;
    source.routerId = negotiated.peerRouterId;
    this.#owedEndOfRibs = negotiated.gracefulRestart ? negotiated.families : [];
  }

  /** Something that waits for the peer to stay away, or to stay: its going, as its return, cancels it. */
  cancelOnChange(cancel: Cancel): void {
    this.#timers.push(cancel);
  }

  cancelTimers(): void {
    if (this.#timers.length === 0) return;
    for (const cancel of this.#timers.splice(0)) cancel();
    this.keeping.clear();
  }

  /** Takes in one section of an UPDATE. What holds for all of its prefixes is found out once. */
  learn(
    rib: AdjRibIn,
    pool: AttributePool,
    nlri: NlriColumns,
    attributes: number,
    nextHop: number,
    nextHops: NextHopTable,
  ): void {
    const { localAddress, role, peerAs } = this.negotiated!;
    const own = nextHops.text(nextHop) === localAddress;
    const otc = role === undefined ? undefined : onlyToCustomerIn(role, pool.attributes(attributes), peerAs);
    if (otc === 'mark') {
      const marked = pool.derive(attributes, (list) => list.put('otc', peerAs));
      this.#admitAll(rib, pool, nlri, marked, nextHop, this.#flags(pool, marked, own, false));
      pool.release(marked);
    } else if (this.source!.kind === 'ebgp' && pool.marks[attributes] & attributeMark.gracefulShutdown) {
      // On its way out: it is used as long as there is nothing else (RFC 8326 §4.1).
      const last = pool.derive(attributes, (list) => list.setLocalPref(0));
      this.#admitAll(rib, pool, nlri, last, nextHop, this.#flags(pool, last, own, otc === 'leak'));
      pool.release(last);
    } else this.#admitAll(rib, pool, nlri, attributes, nextHop, this.#flags(pool, attributes, own, otc === 'leak'));
  }

  #flags(pool: AttributePool, attributes: number, own: boolean, leaked: boolean): number {
    let flags = 0;
    if (own) flags |= pathFlag.ownNextHop | pathFlag.refused;
    if (leaked) flags |= pathFlag.leaked | pathFlag.refused;
    if (this.#loops(pool, attributes)) flags |= pathFlag.looped | pathFlag.refused;
    return flags;
  }

  #admitAll(
    rib: AdjRibIn,
    pool: AttributePool,
    nlri: NlriColumns,
    attributes: number,
    nextHop: number,
    flags: number,
  ): void {
    const admission = this.#admissions(rib, pool, attributes, nextHop);
    rib.announce(this.source!, nlri, attributes, nextHop, flags, flags === 0 ? admission.admit : undefined);
    admission.done();
  }

  /** Asks the import policy again about every path of the peer, in the turns that follow. */
  readmit(rib: AdjRibIn, pool: AttributePool): void {
    rib.sweeps.begin(this.source!.index, (path) => {
      this.#readmit(rib, pool, path);
      return false;
    });
  }

  #readmit(rib: AdjRibIn, pool: AttributePool, path: number): void {
    const { stale, longLivedStale, unrefreshed, ownNextHop, leaked } = pathFlag;
    const received = rib.paths.received(path);
    const before = rib.paths.flags[path];
    const kept = before & (stale | longLivedStale | unrefreshed);
    const refusal = this.#flags(pool, received, (before & ownNextHop) !== 0, (before & leaked) !== 0);
    const admission = this.#admissions(rib, pool, received, rib.paths.nextHop[path]);
    const admitted = refusal === 0 ? admission.admit?.(rib.paths.prefix[path]) : undefined;
    rib.amend(path, admitted?.attributes ?? received, kept | refusal | (admitted?.flags ?? 0));
    admission.done();
  }

  /** Why the import filter refuses a path, or undefined. */
  refusal(rib: AdjRibIn, pool: AttributePool, path: number): string | undefined {
    const verdict = this.#verdict(rib, pool, rib.paths.received(path), rib.paths.nextHop[path], rib.paths.prefix[path]);
    return verdict && !verdict.accept ? verdict.reason : undefined;
  }

  /** Makes stale routes long-lived ones; those that must not become so go (RFC 9494 §4.2). */
  makeLongLived(rib: AdjRibIn, pool: AttributePool): void {
    rib.each(this.source!, (path) => {
      if (pool.marks[rib.paths.attributes[path]] & attributeMark.noLlgr) rib.remove(path);
    });
    rib.mark(this.source!, pathFlag.longLivedStale);
  }

  #loops(pool: AttributePool, attributes: number): boolean {
    return loops(pool.attributes(attributes), {
      ownAses: [this.negotiated?.localAs ?? this.#asn, this.#asn],
      allowed: this.config.allowLocalAs ?? 0,
      routerId: this.#routerId,
      clusterIds: this.#clusterIds,
    });
  }

  /** The import filter as an `Admit`; `done` releases the attribute sets that it made on the way. */
  #admissions(
    rib: AdjRibIn,
    pool: AttributePool,
    attributes: number,
    nextHop: number,
  ): { admit: Admit | undefined; done: () => void } {
    if (this.#filter === undefined) return { admit: undefined, done: () => {} };
    const made = new Map<number, ImportOutcome>();
    const admit = (prefix: number): ImportOutcome => {
      const verdict = this.#verdict(rib, pool, attributes, nextHop, prefix)!;
      let admission = made.get(verdict.rule);
      if (admission === undefined) {
        const set = verdict.accept ? verdict.set : undefined;
        admission = {
          attributes: set ? pool.derive(attributes, (list) => amend(list, set)) : pool.retain(attributes),
          flags: verdict.accept ? 0 : pathFlag.refused | (verdict.guarded ? pathFlag.guarded : 0),
        };
        made.set(verdict.rule, admission);
      }
      return admission;
    };
    const done = (): void => {
      for (const admission of made.values()) pool.release(admission.attributes);
    };
    return { admit, done };
  }

  #verdict(
    rib: AdjRibIn,
    pool: AttributePool,
    attributes: number,
    nextHop: number,
    prefix: number,
  ): FilterVerdict | undefined {
    return this.#filter?.evaluate({
      family: rib.family,
      prefixes: rib.prefixes,
      prefix,
      source: 'bgp',
      tag: undefined,
      interface: () => this.#surroundings.interfaceOf(nextHop),
      originValidity: () => this.#surroundings.validityOf(rib.prefixes, prefix, pool.attributes(attributes)),
      attributes: () => pool.attributes(attributes),
    });
  }

  #compile(): void {
    const { importFilter, remoteAs, localAs = this.#asn } = this.config;
    this.#filter = importFilter && new CompiledFilter(importFilter, remoteAs === localAs ? 'ibgp' : 'ebgp');
  }
}
