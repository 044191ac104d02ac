import type { Clock } from '../../../base/index.ts';
import type { AddressFamily } from '../../api.ts';
import type { Negotiated, PeerHandle, SessionHandler, UpdateView } from '../../contract.ts';
import { peerName } from '../../peer-name.ts';
import { maxRestartTime } from '../../stale-limits.ts';
import { ADDRESS_FAMILIES, afiSafi, encodeRouteRefresh } from '../../wire/index.ts';
import { pathFlag } from '../pool/path-pool.ts';
import type { Source } from '../pool/source.ts';
import type { RefreshMarks } from '../refresh-marks.ts';
import type { RibPeer } from '../rib-peer.ts';
import type { Ribs } from '../ribs.ts';
import type { FirstTables } from './first-tables.ts';
import { enforcePrefixLimit } from './prefix-limit.ts';
import { keepStale } from './stale-routes.ts';

/** A peer's End-of-RIB for a family. */
export interface EndedTable {
  readonly peer: string;
  readonly family: AddressFamily;
}

/**
 * Takes what sessions hear (UPDATEs, ROUTE-REFRESHes, their coming and going) into the tables. Nothing is decided in
 * here: it leaves dirty prefixes, and `ask` has them worked off.
 */
export class SessionInput implements SessionHandler {
  readonly #ribs: Ribs;
  readonly #clock: Clock;
  readonly #firstTables: FirstTables;
  readonly #ask: () => void;
  #since = Number.POSITIVE_INFINITY;
  /** Tables that are complete, though perhaps not yet decided on. */
  #ended: EndedTable[] = [];

  constructor(ribs: Ribs, clock: Clock, firstTables: FirstTables, ask: () => void) {
    this.#ribs = ribs;
    this.#clock = clock;
    this.#firstTables = firstTables;
    this.#ask = ask;
  }

  /** When the oldest UPDATE was read that was not worked off by the last `settled`. */
  get since(): number {
    return Number.isFinite(this.#since) ? this.#since : this.#clock.now();
  }

  /** All that was heard has been decided: answers with the tables whose End-of-RIB was part of it. */
  settled(): readonly EndedTable[] {
    this.#since = Number.POSITIVE_INFINITY;
    const ended = this.#ended;
    if (ended.length > 0) this.#ended = [];
    return ended;
  }

  established(handle: PeerHandle, negotiated: Negotiated): void {
    const peer = this.#ribs.peers.get(peerName(handle.config));
    if (peer === undefined) return;
    const kind = negotiated.ibgp ? 'ibgp' : 'ebgp';
    const before = peer.source;
    if (before && (before.kind !== kind || before.peerAs !== negotiated.peerAs)) this.#ribs.dropSource(peer);
    const source = peer.source ?? this.#ribs.addSource(peer, negotiated);
    const awaited = peer.keeping.size > 0;
    peer.establish(handle, negotiated, source);
    for (const { name, rib } of this.#ribs.all) {
      // Routes left by the last session must not be taken for routes of this one.
      rib.sweeps.finish(source.index);
      const { gracefulRestart, longLived } = negotiated;
      if (!isPreserved(name, gracefulRestart?.families) || !negotiated.families.includes(name))
        rib.sweep(source, pathFlag.stale);
      // What is long-lived by now stays only if that, too, is said to have been preserved (RFC 9494 §4.2).
      else if (!isPreserved(name, longLived)) rib.sweep(source, pathFlag.longLivedStale);
    }
    if (awaited) this.#limitStale(peer, source);
    this.#ribs.enrol(peer);
    this.#ask();
  }

  /** A peer that has returned may never say that its table is complete: what it had before does not wait for ever. */
  #limitStale(peer: RibPeer, source: Source): void {
    const sweep = (): void => {
      for (const { rib } of this.#ribs.all) rib.sweep(source, pathFlag.stale);
      this.#ask();
    };
    peer.cancelOnChange(this.#clock.after(maxRestartTime(peer.config) * 1000, sweep));
  }

  update(handle: PeerHandle, view: UpdateView, receivedAt: number): void {
    const peer = this.#ribs.peers.get(peerName(handle.config));
    if (peer?.source === undefined || peer.negotiated === undefined) return;
    this.#since = Math.min(this.#since, receivedAt);
    const { source } = peer;
    const { withdrawn4, announced4, mpWithdrawn, mpAnnounced } = view;
    const { families } = this.#ribs;
    if (withdrawn4.count > 0) families[withdrawn4.of].rib.withdraw(source, withdrawn4);
    if (mpWithdrawn.count > 0) families[mpWithdrawn.of].rib.withdraw(source, mpWithdrawn);
    if (announced4.count + mpAnnounced.count > 0) {
      if (view.treatAsWithdraw) {
        families[announced4.of].rib.withdraw(source, announced4);
        families[mpAnnounced.of].rib.withdraw(source, mpAnnounced);
      } else this.#learn(peer, view);
    }
    noteErrors(peer, view);
    if (view.endOfRib) this.#endOfRib(peer, view.endOfRib);
    this.#ask();
  }

  refresh(handle: PeerHandle, family: AddressFamily, subtype: 'request' | 'begin' | 'end'): void {
    const peer = this.#ribs.peers.get(peerName(handle.config));
    if (peer?.source === undefined) return;
    const { rib } = this.#ribs.families[family];
    if (subtype === 'request') peer.members.get(family)?.refresh(refreshMarks(peer, family));
    else if (subtype === 'begin') {
      // Before the end of the first table there is none to begin again (RFC 7313 §4).
      if (peer.marked.has(family) || peer.owesEndOfRibOf(family)) return;
      peer.marked.add(family);
      rib.sweeps.finish(peer.source.index);
      rib.mark(peer.source, pathFlag.unrefreshed);
    } else {
      peer.marked.delete(family);
      rib.sweep(peer.source, pathFlag.unrefreshed);
    }
    this.#ask();
  }

  drained(handle: PeerHandle): void {
    const peer = this.#ribs.peers.get(peerName(handle.config));
    if (peer === undefined) return;
    for (const member of peer.members.values()) member.drained();
    this.#ask();
  }

  closed(handle: PeerHandle, _reason: string, keep: Parameters<SessionHandler['closed']>[2]): void {
    const peer = this.#ribs.peers.get(peerName(handle.config));
    if (peer?.source === undefined) return;
    const { source } = peer;
    peer.cancelTimers();
    peer.marked.clear();
    this.#ribs.expel(peer);
    for (const list of Object.values(peer.withdrawnByError)) list.clear();
    for (const tables of this.#ribs.all) {
      const { name, rib } = tables;
      const kept = keep.find(({ family }) => family === name);
      if (kept === undefined) rib.sweep(source);
      else {
        // Stale already: the peer restarted again before it had told us all. Those go (RFC 4724 §4.2).
        rib.sweep(source, pathFlag.stale);
        rib.sweeps.finish(source.index);
        const patience = { restartTime: kept.restartTime, total: kept.seconds };
        keepStale(peer, tables, this.#ribs.pool, this.#clock, patience, this.#ask);
      }
    }
    peer.handle = undefined;
    this.#firstTables.check(this.#ribs.peers);
    this.#ask();
  }

  #learn(peer: RibPeer, view: UpdateView): void {
    const { announced4, mpAnnounced } = view;
    if (announced4.count > 0) peer.marked.delete(announced4.of);
    if (mpAnnounced.count > 0) peer.marked.delete(mpAnnounced.of);
    const { pool, nextHops, families, all } = this.#ribs;
    const attributes = pool.intern(view.attributes, view.attributesLength);
    if (announced4.count > 0) {
      const nextHop = nextHops.intern4(view.nextHop4);
      peer.learn(families[announced4.of].rib, pool, announced4, attributes, nextHop, nextHops);
      nextHops.release(nextHop);
    }
    if (mpAnnounced.count > 0) {
      const [, zone] = peer.config.address.split('%');
      const nextHop = nextHops.intern(view.mpNextHop, view.mpNextHopLength, zone);
      peer.learn(families[mpAnnounced.of].rib, pool, mpAnnounced, attributes, nextHop, nextHops);
      nextHops.release(nextHop);
    }
    pool.release(attributes);
    for (const { rib, name } of all) {
      if (peer.source) enforcePrefixLimit(peer, name, rib.counts(peer.source).received);
    }
  }

  #endOfRib(peer: RibPeer, family: AddressFamily): void {
    this.#ribs.families[family].rib.sweep(peer.source!, pathFlag.stale);
    peer.ribEnded(family);
    this.#ended.push({ peer: peerName(peer.config), family });
    this.#firstTables.check(this.#ribs.peers);
  }
}

/** Whether the peer says that it went on forwarding by routes of the family while it was away. */
function isPreserved(
  name: AddressFamily,
  families: readonly { readonly family: AddressFamily; readonly forwarding: boolean }[] = [],
): boolean {
  return families.some(({ family, forwarding }) => family === name && forwarding);
}

/**
 * Keeps account of what is withdrawn by mistake: a malformed announcement counts as one, until something better is
 * said.
 */
function noteErrors({ withdrawnByError }: RibPeer, view: UpdateView): void {
  const { withdrawn4, announced4, mpWithdrawn, mpAnnounced, treatAsWithdraw } = view;
  if (!treatAsWithdraw && ADDRESS_FAMILIES.every((family) => withdrawnByError[family].size === 0)) return;
  for (const nlri of [withdrawn4, mpWithdrawn]) {
    if (nlri.count > 0) withdrawnByError[nlri.of].remove(nlri);
  }
  for (const nlri of [announced4, mpAnnounced]) {
    if (nlri.count === 0) continue;
    if (treatAsWithdraw) withdrawnByError[nlri.of].add(nlri);
    else withdrawnByError[nlri.of].remove(nlri);
  }
}

function refreshMarks({ negotiated }: RibPeer, family: AddressFamily): RefreshMarks | undefined {
  if (!negotiated?.enhancedRouteRefresh) return undefined;
  const { afi, safi } = afiSafi(family);
  return { begin: encodeRouteRefresh(afi, safi, 'begin'), end: encodeRouteRefresh(afi, safi, 'end') };
}
