import { formatPrefix, same } from '../base/index.ts';
import type { PeerConfig } from './api.ts';
import { admission } from './peer-status.ts';
import { type Admission, type AdmissionRefusal, admissionKey, type Listener } from './transport/index.ts';

/**
 * Whose connections the listeners take, and what they were told of it: a change of one peer costs what that peer costs,
 * however many there are. Several peers may share an address under names of their own; the last one's word counts.
 */
export class AdmittedPeers {
  /** The configurations since the listeners were told; undefined: the peer is gone. */
  readonly #noted = new Map<string, PeerConfig | undefined>();
  /** By address or range, then by the peer's name. */
  readonly #admissions = new Map<string, Map<string, Admission>>();
  readonly #keys = new Map<string, string>();
  /** Addresses and ranges of which the listeners have heard something else. */
  readonly #changed = new Map<string, Admission['from']>();
  /** Peers that can't be let in, and why. */
  readonly #refused = new Map<string, string>();

  set(name: string, config: PeerConfig): void {
    this.#noted.set(name, config);
  }

  delete(name: string): void {
    this.#noted.set(name, undefined);
  }

  /** Whether there is something that the listeners have to be told. PARSE: a peer's address is none. */
  hasChanged(): boolean {
    for (const [name, config] of this.#noted) {
      this.#work(name, config && admission(config));
      this.#noted.delete(name);
    }
    return this.#changed.size > 0;
  }

  /**
   * Tells listeners what has changed, and `fresh` ones all of it; whoever was refused is tried once more. Returns who
   * is refused now, of those that were told.
   */
  tell(listeners: Iterable<Listener>, fresh: ReadonlySet<Listener>): readonly AdmissionRefusal[] {
    this.hasChanged();
    const keys = new Set([...this.#changed.keys(), ...this.#refused.keys()]);
    const changed = [...keys].flatMap((key) => this.#counting(key) ?? []);
    const gone = [...this.#changed].flatMap(([key, from]) => (this.#counting(key) === undefined ? [from] : []));
    this.#changed.clear();
    this.#refused.clear();
    const refusals: AdmissionRefusal[] = [];
    for (const listener of listeners)
      refusals.push(...(fresh.has(listener) ? listener.admit(this.#all()) : listener.adjust(changed, gone)));
    for (const { from, reason } of refusals) this.#refused.set(admissionKey(from), reason);
    return refusals;
  }

  /** Why the peer at an address can't be let in. */
  refusal(address: string): string | undefined {
    return this.#refused.size === 0 ? undefined : this.#refused.get(admissionKey(address));
  }

  #work(name: string, wanted: Admission | undefined): void {
    const [before, after] = [this.#keys.get(name), wanted && admissionKey(wanted.from)];
    if (before !== undefined && before !== after) {
      this.#keys.delete(name);
      this.#amend(before, (peers) => peers.delete(name));
    }
    if (wanted === undefined || after === undefined) return;
    this.#keys.set(name, after);
    this.#amend(after, (peers) => peers.set(name, wanted));
  }

  #amend(key: string, amend: (peers: Map<string, Admission>) => unknown): void {
    const peers = this.#admissions.get(key) ?? new Map<string, Admission>();
    const before = [...peers.values()].at(-1);
    amend(peers);
    if (peers.size > 0) this.#admissions.set(key, peers);
    else this.#admissions.delete(key);
    const after = this.#counting(key);
    const from = (after ?? before)?.from;
    if (from !== undefined && !same(before, after)) this.#changed.set(key, from);
  }

  #counting(key: string): Admission | undefined {
    const peers = this.#admissions.get(key);
    return peers && [...peers.values()].at(-1);
  }

  #all(): readonly Admission[] {
    return [...this.#admissions.keys()].flatMap((key) => this.#counting(key) ?? []);
  }
}

/** A peer as people write it. */
export function admittedText(from: Admission['from']): string {
  return typeof from === 'string' ? from : formatPrefix(from);
}
