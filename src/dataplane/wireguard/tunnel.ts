import { type Family, Passes } from '../../base/index.ts';
import type { DesiredPool, DesiredWireguard } from '../../calc/desired/index.ts';
import type { Link, RoutingRule } from '../../netlink/index.ts';
import {
  type DeviceKernel,
  type DeviceOptions,
  type FailedTunnel,
  TunnelDevice,
  type TunnelEntry,
} from '../device/device.ts';
import { type WireguardPeerKernel as PeerKernel, WireguardPeers } from './peers.ts';
import { type PolicyKernel, PolicyRouting } from './policy-routing.ts';

export type WireguardKernel = DeviceKernel & PeerKernel & PolicyKernel;
type WireguardOptions = DeviceOptions & { readonly kernel: WireguardKernel };

/**
 * One family's WireGuard: the device, then its key and the nodes behind it, then the rule and the routes there. What
 * leads into the tunnel goes before the tunnel does, and what leads to a node before the node.
 */
export class WireguardTunnel {
  readonly family: Family;
  readonly kind: 'wireguard4' | 'wireguard6';
  readonly #options: WireguardOptions;
  readonly #peers: WireguardPeers;
  readonly #routing: PolicyRouting;
  #device: TunnelDevice;
  /** Devices of other names that were wanted before. */
  #former: readonly TunnelDevice[] = [];
  #desired: DesiredWireguard | undefined;
  #looks = 0;
  readonly #passes = new Passes(() => this.#pass());
  /** The device's public key, or that there is none; told whenever that may be news. */
  onKey: (key: string | undefined) => void = () => {};

  constructor(family: Family, options: WireguardOptions) {
    this.family = family;
    this.kind = family === 4 ? 'wireguard4' : 'wireguard6';
    this.#options = options;
    this.#peers = new WireguardPeers(options);
    this.#routing = new PolicyRouting(family, options);
    this.#peers.onPending = () => void this.#passes.run();
    this.#routing.onPending = () => void this.#passes.run();
    this.#device = this.#deviceOf();
  }

  get device(): TunnelDevice {
    return this.#device;
  }

  apply(desired: DesiredWireguard | undefined, pools: readonly DesiredPool[]): void {
    this.#desired = desired;
    if (desired !== undefined && desired.device !== this.#device.name) {
      this.#device.want(undefined, pools);
      this.#former = [...this.#former, this.#device];
      this.#device = this.#deviceOf(desired.device);
    }
    this.#device.want(desired, pools);
    void this.#passes.run();
  }

  linkChanged(link: Link, present: boolean): void {
    for (const device of [this.#device, ...this.#former]) device.linkChanged(link, present);
  }

  /** With its last address the device loses its IPv4 routes, and the kernel tells nobody. */
  addressGone(dev: string): void {
    if (dev !== this.#device.name) return;
    this.#routing.forget();
    void this.#passes.run();
  }

  ruleChanged(rule: RoutingRule, present: boolean): void {
    this.#routing.ruleChanged(rule, present);
  }

  /** Looks at everything again and repairs what differs; also the first attempt, at the start. */
  async check(): Promise<void> {
    for (const device of [this.#device, ...this.#former]) await device.check();
    this.#peers.forget();
    this.#routing.forget();
    await this.#passes.run();
  }

  /**
   * Looks at the nodes on the device, since the kernel tells nobody of those: a hundred cost a fifth of a millisecond,
   * so of many not every look that is asked for is made.
   */
  async look(): Promise<void> {
    if (this.#desired === undefined || this.#device.ready === undefined || this.#looks++ < this.#skipped) return;
    this.#looks = 0;
    this.#peers.lookAgain();
    await this.#passes.run();
  }

  failures(): readonly FailedTunnel[] {
    const device = this.#device.failures().map(({ what, reason }) => ({ what, reason: `${reason}; ${CLEAR}` }));
    return [...device, ...this.#peers.failures(), ...this.#routing.failures()];
  }

  /** The nodes behind the device, the rule and the routes; the device itself is listed with the others. */
  entries(): readonly TunnelEntry[] {
    if (this.#desired === undefined || this.#device.ready === undefined) return [];
    return [...this.#peers.entries(), ...this.#routing.entries()];
  }

  stop(): void {
    for (const device of [this.#device, ...this.#former]) device.stop();
    this.#peers.stop();
    this.#routing.stop();
  }

  /** Looks that are left out before one is made. */
  get #skipped(): number {
    return Math.floor((this.#desired?.peers.size ?? 0) / PEERS_PER_LOOK);
  }

  #deviceOf(name?: string): TunnelDevice {
    const device = new TunnelDevice(this.kind, this.#options, name);
    device.onChange = () => {
      this.#peers.forget();
      this.#routing.forget();
      void this.#passes.run();
    };
    return device;
  }

  async #pass(): Promise<void> {
    const desired = this.#desired;
    const { ready, pending } = this.#device;
    if (desired === undefined) {
      await this.#routing.bring(undefined, 0);
      this.#peers.stop();
      this.onKey(undefined);
    } else if (ready === undefined) {
      // A device that is there but could not be looked at goes on as it is, with the rule and routes that it has.
      if (!pending && !(await this.#exists())) this.onKey(undefined);
    } else {
      await this.#routing.leave(desired, ready.index);
      if (!(await this.#peers.bring(ready.life, desired)) || ready !== this.#device.ready) return;
      await this.#routing.bring(desired, ready.index);
      this.onKey(this.#peers.publicKey);
    }
  }

  async #exists(): Promise<boolean> {
    try {
      const links = await this.#options.kernel.linkList();
      return links.some(({ name, kind }) => name === this.#device.name && kind === 'wireguard');
    } catch {
      return true;
    }
  }
}

/** A device with so many nodes, or more, is looked at every second time; with twice as many every third. */
const PEERS_PER_LOOK = 500;
/** The consequence for people when there is no device. */
const CLEAR = 'until then nothing is encrypted';
