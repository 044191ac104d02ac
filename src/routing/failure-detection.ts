import type { Entries, Log } from '../base/index.ts';
import { type Bfd, type BfdAccount, type BfdNeighbour, diagnosticText } from '../bfd/index.ts';
import type { BfdInterface, DesiredBgp, DesiredPeer } from '../calc/desired/index.ts';
import type { RouteNextHop } from '../netlink/index.ts';

/** How a peer is watched, as people see it. Intervals are in milliseconds. */
export interface DetectionReport {
  /** Undefined where it is not watched, though that was asked for. */
  readonly state?: BfdAccount['state'];
  /** Why it is not watched, or not Up. */
  readonly reason?: string;
  /** Whether that is as it was asked for: a peer behind a router, to be watched if it is not. */
  readonly isMeant?: boolean;
  readonly multihop?: boolean;
  readonly interface?: string;
  readonly transmitInterval?: number;
  readonly detectionTime?: number;
  /** How often it was Up and failed. */
  readonly downs: number;
}

const INDIRECT = 'it is not directly connected';

interface Watch {
  readonly neighbour: BfdNeighbour;
  readonly link: string;
}

export interface DetectionOptions {
  readonly bfd: Bfd;
  readonly log: Log;
  /** The ways to an address; undefined while they are not known. */
  readonly resolve: (address: string) => readonly RouteNextHop[] | undefined;
  readonly linkName: (index: number) => string | undefined;
  /** `forwardingLost`: the neighbour's BFD does not restart along with its BGP. */
  readonly failed: (address: string, reason: string, forwardingLost: boolean) => void;
  readonly restored: (address: string) => void;
}

/**
 * The peers that BFD watches, and what follows when one is found to be gone. Peers at one address share a session
 * (RFC 5882 §2.1). A session that is Up stays when the way to its neighbour is another: that a link has lost its
 * route is the very thing that it is to notice.
 */
export class FailureDetection {
  readonly #options: DetectionOptions;
  /** By `address port`. */
  readonly #asked = new Map<string, DesiredPeer>();
  readonly #watched = new Map<string, Watch>();
  /** By address. */
  readonly #reasons = new Map<string, string>();
  readonly #downs = new Map<string, number>();
  #interfaces: readonly BfdInterface[] = [];
  #seen: Entries<DesiredPeer> | undefined;

  constructor(options: DetectionOptions) {
    this.#options = options;
    options.bfd.onChange((account) => this.#changed(account));
  }

  take(bgp: DesiredBgp | undefined): void {
    const isSame = bgp?.peers === this.#seen && (bgp?.bfd ?? []) === this.#interfaces;
    if (isSame) return;
    if (bgp === undefined) this.#asked.clear();
    for (const [key, now] of bgp?.peers.since(this.#seen) ?? []) {
      if (now?.failureDetection === undefined) this.#asked.delete(key);
      else this.#asked.set(key, now);
    }
    this.#seen = bgp?.peers;
    this.#interfaces = bgp?.bfd ?? [];
    this.review();
  }

  /** Routes or links have changed: looks again at how peers are reached. */
  review(): void {
    const { bfd } = this.#options;
    const before = new Map(this.#watched);
    const addresses = new Set([...this.#asked.values()].map(({ address }) => address));
    for (const address of this.#downs.keys()) if (!addresses.has(address)) this.#downs.delete(address);
    this.#watched.clear();
    this.#reasons.clear();
    for (const peer of this.#asked.values()) {
      const { address } = peer;
      if (this.#watched.has(address)) continue;
      const watch = this.#watch(peer, before.get(address));
      if (typeof watch === 'string') this.#reasons.set(address, watch);
      else if (watch !== undefined) {
        this.#watched.set(address, watch);
        this.#reasons.delete(address);
      }
    }
    bfd.configure([...this.#watched.values()].map(({ neighbour }) => neighbour));
  }

  /** How a peer is watched; undefined where nobody has asked for it. */
  report({ address, failureDetection }: DesiredPeer): DetectionReport | undefined {
    if (failureDetection === undefined) return undefined;
    const downs = this.#downs.get(address) ?? 0;
    const watch = this.#watched.get(address);
    const account = this.#options.bfd.accounts.get(address);
    if (watch === undefined || account === undefined) {
      const reason = this.#reasons.get(address) ?? 'the way to it is not known yet';
      return { reason, downs, ...(reason === INDIRECT && { isMeant: true }) };
    }
    return {
      state: account.state,
      ...(account.state !== 'Up' && { reason: whyDown(account) }),
      ...{ multihop: watch.neighbour.multihop, interface: watch.link },
      ...{ transmitInterval: account.transmitInterval, detectionTime: account.detectionTime, downs },
    };
  }

  /** How to watch a peer, or why not; undefined while that can't be told. */
  #watch(peer: DesiredPeer, before: Watch | undefined): Watch | string | undefined {
    const { address, localAddress, failureDetection } = peer;
    const { bfd, resolve, linkName } = this.#options;
    const ways = resolve(address);
    const isUp = bfd.accounts.get(address)?.state === 'Up';
    const way = ways?.find(({ via }) => via === address) ?? ways?.[0];
    const link = way?.dev === undefined ? undefined : linkName(way.dev);
    const multihop = way?.via !== address;
    const isOther = link === undefined || multihop !== before?.neighbour.multihop;
    if (before !== undefined && isOther && (isUp || link === undefined))
      return this.#with(before.neighbour, before.link) ?? before;
    if (ways === undefined) return undefined;
    if (link === undefined) return 'there is no way to it';
    if (multihop && failureDetection === 'direct') return INDIRECT;
    const base = { name: address, address, multihop, ...(localAddress !== undefined && { localAddress }) };
    return this.#with(base, link) ?? `no BFDConfiguration has the interface ${link}`;
  }

  #with(neighbour: Omit<BfdNeighbour, 'timers'>, link: string): Watch | undefined {
    const found = this.#interfaces.find(({ pattern }) => matches(pattern, link));
    if (found === undefined) return undefined;
    const { pattern: _, ...timers } = found;
    return { neighbour: { ...neighbour, timers }, link };
  }

  #changed(account: BfdAccount): void {
    const { log, failed, restored } = this.#options;
    const { name: peer, state, from, remoteState, transmitInterval, detectionTime } = account;
    if (state === from) return;
    if (state === 'Up') {
      log.info({ peer, transmitInterval, detectionTime }, 'BFD session is Up');
      restored(peer);
    } else if (from === 'Up' && remoteState === 'AdminDown') {
      log.info({ peer }, 'the neighbour has ended its BFD session on purpose');
    } else if (from === 'Up') {
      const reason = `BFD session is Down: ${whyDown(account)}`;
      log.warn({ peer }, reason);
      this.#downs.set(peer, (this.#downs.get(peer) ?? 0) + 1);
      failed(peer, reason, account.remoteIndependent);
    }
  }
}

function whyDown({ diagnostic, remoteState, remoteDiagnostic }: BfdAccount): string {
  if (remoteState === 'AdminDown') return 'administratively down at the other end';
  if (diagnostic !== 0) return diagnosticText(diagnostic);
  return remoteDiagnostic === 0
    ? 'the neighbour has not answered yet'
    : `the neighbour says: ${diagnosticText(remoteDiagnostic)}`;
}

/** The name, the beginning of names and `*`, or `*`. */
function matches(pattern: string, link: string): boolean {
  return pattern.endsWith('*') ? link.startsWith(pattern.slice(0, -1)) : link === pattern;
}
