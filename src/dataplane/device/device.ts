import { type Cancel, type Clock, type Log, Passes, RetryQueue, reasonOf, VRouterError } from '../../base/index.ts';
import type { DesiredPool } from '../../calc/desired/index.ts';
import { isKernelError, type Kernel, type Link, sysctlWord } from '../../netlink/index.ts';
import { settle } from '../endpoints/sysctls.ts';
import {
  DEVICE,
  type DesiredDevice,
  type DeviceSpec,
  type DeviceStep,
  type DeviceSurroundings,
  deviceSpec,
  deviceSteps,
  retirementSteps,
  type TunnelKind,
} from './render.ts';

export type DeviceKernel = Pick<
  Kernel,
  'linkList' | 'addressList' | 'linkAdd' | 'linkSet' | 'linkDelete' | 'addressAdd' | 'addressDelete' | 'sysctl'
>;

export interface DeviceOptions {
  readonly kernel: DeviceKernel;
  readonly clock: Clock;
  readonly log: Log;
  /** The MTU of the node's way out, now. */
  readonly hostMtu: () => number;
}

/** A device that routes can use: its own index, and that of the link under it (VXLAN). */
export interface ReadyDevice {
  readonly index: number;
  readonly parent: number;
  /** Another number each time that the device has been made or was down: what was on it is gone then. */
  readonly life: number;
}

/** Part of a tunnel that is not as it should be, and why. */
export interface FailedTunnel {
  readonly what: string;
  readonly reason: string;
}

/** A tunnel's device or something that belongs to it, for people. */
export interface TunnelEntry {
  readonly text: string;
  readonly present: boolean;
  readonly why: string;
}

/** Milliseconds that a device outlives its use, since other nodes may still send through it. */
const LINGER = 5000;
/** Look, write, look again: what still differs then, the kernel does not accept. */
const LOOKS = 3;

/**
 * Keeps one tunnel device as it is wanted. Each pass reads the kernel, works out the steps, takes them and reads again:
 * so it makes no difference who made the device, or what was done to it since.
 */
export class TunnelDevice {
  readonly kind: TunnelKind;
  readonly name: string;
  readonly #kernel: DeviceKernel;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #failing: RetryQueue<FailedTunnel>;
  #desired: DesiredDevice | undefined;
  #pools: readonly DesiredPool[] = [];
  #text = '';
  #spec: DeviceSpec | undefined;
  #ready: ReadyDevice | undefined;
  #life = 0;
  #tried = false;
  readonly #passes = new Passes(() => this.#pass());
  #retiring: Cancel | undefined;
  readonly #hostMtu: () => number;
  /** Called when the device has become usable, or is so no longer. */
  onChange: () => void = () => {};

  constructor(kind: TunnelKind, options: DeviceOptions, name = DEVICE[kind]) {
    this.#hostMtu = options.hostMtu;
    this.kind = kind;
    this.name = name;
    this.#kernel = options.kernel;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#failing = new RetryQueue(options.clock);
  }

  /** The device, while routes can use it: also for a while after it is wanted no more. */
  get ready(): ReadyDevice | undefined {
    return this.#ready;
  }

  /** It is wanted, and the first attempt to make it has not ended yet. */
  get pending(): boolean {
    return this.#desired !== undefined && this.#ready === undefined && !this.#tried;
  }

  /** As it should be, as far as that has been worked out. */
  get spec(): DeviceSpec | undefined {
    return this.#spec;
  }

  /** Sets what the device should be, or that there should be none. Asking for the same again does nothing. */
  want(desired: DesiredDevice | undefined, pools: readonly DesiredPool[]): void {
    this.#pools = pools;
    const text = desired === undefined ? 'none' : identity(desired);
    if (text === this.#text) return;
    this.#text = text;
    if ((desired === undefined) !== (this.#desired === undefined)) this.#tried = false;
    this.#desired = desired;
    this.#retiring?.();
    this.#retiring = undefined;
    if (desired === undefined) {
      this.#spec = undefined;
      // Nobody misses it any more.
      this.#failing.done(this.name);
      this.#retiring = this.#clock.after(LINGER, () => {
        this.#retiring = undefined;
        void this.check();
      });
    } else void this.check();
  }

  /** A link came, changed or went: looked into if it may matter here. */
  linkChanged(link: Link, present: boolean): void {
    if (link.name !== this.name && link.index !== this.#spec?.parent) return;
    if (link.name === this.name && !(present && link.up)) this.#life++;
    if (!present && link.index === this.#ready?.index) this.#setReady(undefined);
    void this.check();
  }

  /** Looks at the kernel and repairs what differs. Resolves when that is done, or its failure is noted. */
  check(): Promise<void> {
    return this.#passes.run();
  }

  failures(): readonly FailedTunnel[] {
    return this.#failing.details();
  }

  stop(): void {
    this.#retiring?.();
    this.#failing.clear();
  }

  async #pass(): Promise<void> {
    // A device that exists before the first desired state may be the one that will be wanted.
    if (this.#text === '') return;
    try {
      await (this.#desired === undefined ? this.#retire() : this.#bring());
      this.#failing.done(this.name);
    } catch (error) {
      this.#failed(reasonOf(error));
    }
  }

  async #bring(): Promise<void> {
    let steps: readonly DeviceStep[] = [];
    for (let look = 0; look < LOOKS; look++) {
      const around = await this.#look();
      const spec = this.#desired && deviceSpec(this.#desired, around);
      if (spec === undefined) return;
      if (typeof spec === 'string') throw new VRouterError('TUNNEL', spec);
      this.#spec = spec;
      steps = deviceSteps(spec, around);
      const link = around.links.find(({ name }) => name === this.name);
      if (steps.length === 0 && link !== undefined) {
        this.#tried = true;
        this.#setReady({ index: link.index, parent: spec.parent ?? 0, life: this.#life });
        return;
      }
      if (link?.index !== this.#ready?.index) this.#setReady(undefined);
      for (const step of steps) await this.#take(spec, step);
    }
    const left = steps.map(({ verb }) => verb).join(', ');
    throw new VRouterError('TUNNEL', `the kernel does not keep ${this.name} as it was told (${left})`);
  }

  async #retire(): Promise<void> {
    if (this.#retiring !== undefined) return;
    const around = await this.#look();
    if (this.#desired !== undefined) return;
    // Whoever wants it again from here on waits until it has been made anew.
    this.#setReady(undefined);
    for (const step of retirementSteps(this, this.#pools, around)) await this.#take(undefined, step);
  }

  async #look(): Promise<DeviceSurroundings> {
    return {
      links: await this.#kernel.linkList(),
      addresses: await this.#kernel.addressList(),
      hostMtu: this.#hostMtu(),
    };
  }

  async #take(spec: DeviceSpec | undefined, step: DeviceStep): Promise<void> {
    const { name } = this;
    this.#log.debug({ device: name, ...step }, 'tunnel device');
    if (step.verb === 'add link' || (step.verb === 'set link' && step.change.up)) this.#life++;
    if (step.verb === 'set link') await this.#kernel.linkSet(name, step.change);
    else if (step.verb === 'add address') await this.#addAddress(step.address);
    else if (step.verb === 'delete address') await this.#kernel.addressDelete({ dev: name, address: step.address });
    else if (step.verb === 'delete link') await this.#kernel.linkDelete(name);
    else if (spec !== undefined) await this.#add(spec);
  }

  /** Hosts may have IPv6 off for links that come (`net.ipv6.conf.default.disable_ipv6`), or somebody has it off here. */
  async #addAddress(address: string): Promise<void> {
    const { name } = this;
    if (address.includes(':')) await settle(this.#kernel, [[`net.ipv6.conf.${sysctlWord(name)}.disable_ipv6`, '0']]);
    await this.#kernel.addressAdd({ dev: name, address });
  }

  /** Asking for `tunl0` may load the module, which then makes it first: that it exists is what was wanted. */
  async #add({ link }: DeviceSpec): Promise<void> {
    try {
      await this.#kernel.linkAdd(link);
    } catch (error) {
      if (!(link.kind === 'ipip' && isKernelError(error, 'EEXIST'))) throw error;
    }
  }

  #failed(reason: string): void {
    const attempts = this.#failing.failed(this.name, { what: this.name, reason }, () => void this.check());
    if (attempts === 1) {
      this.#log.warn({ device: this.name, err: reason }, 'a tunnel device is not as it should be; trying again later');
    }
    if (this.#tried) return;
    this.#tried = true;
    this.onChange();
  }

  #setReady(now: ReadyDevice | undefined): void {
    const before = this.#ready;
    if (before?.index === now?.index && before?.parent === now?.parent && before?.life === now?.life) return;
    this.#ready = now;
    this.onChange();
  }
}

/** Equal for wishes that ask for the same device: who is behind it makes no difference to it. */
function identity(desired: DesiredDevice): string {
  if ('device' in desired) return JSON.stringify([desired.address, desired.mtu]);
  if (!('vni' in desired)) return JSON.stringify([desired.address, desired.mtu]);
  const { vni, port, underlay, address, mac, mtu } = desired;
  return JSON.stringify([vni, port, underlay, address, mac, mtu]);
}
