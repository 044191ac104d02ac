import { type Clock, type Difference, Entries, KeyedDelta, type Log, reasonOf } from '../../base/index.ts';
import type { DesiredWireguard, DesiredWireguardPeer } from '../../calc/desired/index.ts';
import type { Kernel, WireguardPeer, WireguardPeerChange } from '../../netlink/index.ts';
import type { FailedTunnel, TunnelEntry } from '../device/device.ts';
import { TunnelRefusals } from '../device/refusals.ts';
import { newPrivateKey } from './key.ts';
import { peerLine, peerText } from './render.ts';

export type WireguardPeerKernel = Pick<Kernel, 'wireguardGet' | 'wireguardSet'>;

type PeerSettings = Pick<WireguardPeer, 'endpoint' | 'keepalive' | 'allowedIps'>;
type Change = Difference<PeerSettings>;

/**
 * The contents of one WireGuard device: its own key, port and mark, and the peers. All of it is ours, so a peer that
 * nobody wants goes. The private key is made here when the device has none, and lives in the device alone: it outlives
 * the daemon, not the device.
 */
export class WireguardPeers {
  readonly #kernel: WireguardPeerKernel;
  readonly #log: Log;
  readonly #delta = new KeyedDelta<PeerSettings>(peerText);
  readonly #refusals: TunnelRefusals<PeerSettings>;
  #device = '';
  /** The device's life whose peers are known; undefined when they have to be read. */
  #known: number | undefined;
  #settings = '';
  /** Whether somebody may have changed the device since it was read. */
  #isStale = false;
  #publicKey: string | undefined;
  #wanted: Entries<DesiredWireguardPeer> = Entries.of();
  /** Called when a peer that was refused may be tried again. */
  onPending: () => void = () => {};

  constructor(options: { kernel: WireguardPeerKernel; clock: Clock; log: Log }) {
    this.#kernel = options.kernel;
    this.#log = options.log;
    this.#refusals = new TunnelRefusals(options.clock, this.#delta, () => {
      // Nothing of the attempt is sure: part of it may have been done.
      this.forget();
      this.onPending();
    });
  }

  /** The device's public key, once it is known. */
  get publicKey(): string | undefined {
    return this.#known === undefined ? undefined : this.#publicKey;
  }

  /**
   * Makes the device, in this life of it, what is wanted. False when it could not be read or set up: it is tried again.
   */
  async bring(life: number, desired: DesiredWireguard): Promise<boolean> {
    this.#want(desired.peers);
    const settings = `${desired.device} ${desired.listenPort} ${desired.mark}`;
    const isUnread = this.#known !== life || this.#settings !== settings || this.#isStale;
    if (isUnread && !(await this.#setUp(life, desired))) return false;
    this.#settings = settings;
    await this.#write(this.#delta.take());
    return true;
  }

  /** Takes the changes of the peers. A key that one node gives up may be another's by now. */
  #want(peers: Entries<DesiredWireguardPeer>): void {
    const changes = peers.since(this.#wanted);
    this.#wanted = peers;
    for (const [, now, before] of changes) {
      if (before !== undefined && before.publicKey !== now?.publicKey)
        this.#delta.setDesired(before.publicKey, undefined);
    }
    for (const [, now] of changes) {
      if (now === undefined) continue;
      const { node: _, publicKey, ...peer } = now;
      this.#delta.setDesired(publicKey, peer);
    }
  }

  /** The device is gone, and all that was on it; or it is to be read again. */
  forget(): void {
    this.#known = undefined;
  }

  /** The device is read again, and is taken to be as it was until then. */
  lookAgain(): void {
    this.#isStale = true;
  }

  failures(): readonly FailedTunnel[] {
    return this.#refusals.details();
  }

  /** Each peer that is wanted, and whether the device has it so. */
  entries(): readonly TunnelEntry[] {
    return [...this.#wanted.values()].map((peer) => {
      const text = peerLine(this.#device, peer);
      const actual = this.#known === undefined ? undefined : this.#delta.actual(peer.publicKey);
      const present = actual !== undefined && peerText(actual) === peerText(peer);
      return { text, present, why: this.#refusals.reason(text) ?? `node ${peer.node}` };
    });
  }

  /** Stops trying what was refused. */
  stop(): void {
    this.#refusals.clear();
  }

  async #setUp(life: number, { device, listenPort, mark }: DesiredWireguard): Promise<boolean> {
    this.#device = device;
    this.#isStale = false;
    try {
      let found = await this.#kernel.wireguardGet(device);
      if (found.publicKey === undefined || found.listenPort !== listenPort || found.mark !== mark) {
        const privateKey = found.publicKey === undefined ? newPrivateKey() : undefined;
        await this.#kernel.wireguardSet(device, { listenPort, mark, ...(privateKey && { privateKey }) });
        found = await this.#kernel.wireguardGet(device);
        this.#log.info({ device, publicKey: found.publicKey, listenPort }, 'WireGuard device set up');
      }
      this.#delta.setAllActual(new Map(found.peers.map(({ publicKey, ...peer }) => [publicKey, peer])));
      this.#publicKey = found.publicKey;
      this.#known = life;
      this.#refusals.done(device);
      return true;
    } catch (error) {
      this.#known = undefined;
      this.#refusals.look(device, `peers of ${device}`, reasonOf(error));
      return false;
    }
  }

  /** All at once; if that is refused, each by itself. Those that go make room first. */
  async #write(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    const ordered = [...changes].sort((a, b) => Number(a.desired !== undefined) - Number(b.desired !== undefined));
    try {
      await this.#send(ordered);
    } catch (error) {
      if (ordered.length === 1) return this.#failed(ordered[0], reasonOf(error));
      for (const change of ordered) {
        await this.#send([change]).catch((refused) => this.#failed(change, reasonOf(refused)));
      }
    }
  }

  /**
   * A peer that is new to the device is greeted: a keepalive, switched on for a moment, begins a handshake. Whichever
   * of two nodes learns the other's key last so opens the way for both at once, and packets that wait for it are sent.
   */
  async #send(changes: readonly Change[]): Promise<void> {
    const settled = changes.map(({ key, desired }) => changeOf(key, desired));
    const isNew = ({ desired, actual }: Change): boolean => desired?.keepalive === 0 && actual === undefined;
    if (changes.some(isNew)) {
      const greeting = changes.map((change, index) =>
        isNew(change) ? { ...settled[index], keepalive: 1 } : settled[index],
      );
      await this.#kernel.wireguardSet(this.#device, { peers: greeting });
      const quiet = changes.filter(isNew).map(({ key }) => ({ publicKey: key, keepalive: 0 }));
      await this.#kernel.wireguardSet(this.#device, { peers: quiet });
    } else await this.#kernel.wireguardSet(this.#device, { peers: settled });
    for (const { key, desired } of changes) {
      this.#delta.setActual(key, desired);
      this.#refusals.done(key);
    }
  }

  #failed({ key, desired }: Change, reason: string): void {
    const peer = [...this.#wanted.values()].find(({ publicKey }) => publicKey === key);
    const what = peer === undefined ? `${this.#device} peer ${key}` : peerLine(this.#device, peer);
    if (this.#refusals.entry(key, what, reason)) {
      const node = peer?.node;
      this.#log.warn({ publicKey: key, node, wanted: desired !== undefined, err: reason }, 'the kernel refused a peer');
    }
  }
}

function changeOf(publicKey: string, desired: PeerSettings | undefined): WireguardPeerChange {
  if (desired === undefined) return { publicKey, remove: true };
  return { publicKey, ...desired };
}
