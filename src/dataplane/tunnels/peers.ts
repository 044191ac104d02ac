import { type Clock, Entries, KeyedDelta, type Log, reasonOf } from '../../base/index.ts';
import type { DesiredVtep } from '../../calc/desired/index.ts';
import { formatNeighbor, isKernelError, type Kernel, type Neighbor } from '../../netlink/index.ts';
import type { FailedTunnel } from '../device/device.ts';
import { TunnelRefusals } from '../device/refusals.ts';
import { keyOf, VxlanNeighbors } from './neighbors.ts';
import { vtepNeighbors } from './render.ts';

export type NeighborKernel = Pick<Kernel, 'neighborList' | 'neighborAdd' | 'neighborDelete'>;

/**
 * The permanent neighbours and forwarding entries on one VXLAN device: all of them are ours, and none elsewhere. What
 * the kernel learns by itself is never permanent, and left alone.
 */
export class VxlanPeers {
  readonly #dev: string;
  readonly #kernel: NeighborKernel;
  readonly #log: Log;
  readonly #delta = new KeyedDelta<Neighbor>(formatNeighbor);
  readonly #refusals: TunnelRefusals<Neighbor>;
  /** The device's life whose entries are known; undefined when they have to be read. */
  #known: number | undefined;
  #wanted: Entries<DesiredVtep> = Entries.of();
  readonly #neighbors: VxlanNeighbors;
  /** The request to the kernel under way, and whether it has told meanwhile that somebody did the opposite. */
  #writing: { readonly key: string; readonly add: boolean; isUndone: boolean } | undefined;
  /** Keys of entries that nobody wants. */
  readonly #surplus = new Set<string>();
  /** Called when an entry that was refused may be tried again, or somebody changed one. */
  onPending: () => void = () => {};

  constructor(dev: string, options: { kernel: NeighborKernel; clock: Clock; log: Log }) {
    this.#dev = dev;
    this.#neighbors = new VxlanNeighbors(dev);
    this.#kernel = options.kernel;
    this.#log = options.log;
    this.#refusals = new TunnelRefusals(options.clock, this.#delta, () => this.onPending());
  }

  /** Makes the entries for these nodes, on the device in this life of it. What is not wanted stays until `prune`. */
  async bring(life: number, wanted: Entries<DesiredVtep>): Promise<void> {
    this.#wanted = wanted;
    for (const key of this.#neighbors.run(wanted)) this.#delta.setDesired(key, this.#neighbors.entry(key));
    if (this.#known !== life && !(await this.#read(life))) return;
    for (const { key, desired } of this.#delta.take()) {
      if (desired === undefined) this.#surplus.add(key);
      else await this.#write(key, desired, true);
    }
  }

  /** Whether there is anything that nobody wants. */
  get hasSurplus(): boolean {
    return this.#surplus.size > 0;
  }

  /** Removes what is not wanted, but not what packets to these VTEPs are still sent by. */
  async prune(used: ReadonlySet<string>): Promise<void> {
    const macs = new Set([...used].map((vtep) => this.#delta.actual(vtep)?.mac));
    for (const key of [...this.#surplus]) {
      // Once they have to be read again, nobody knows what of this is there: the next pass does.
      if (this.#known === undefined) return;
      const actual = this.#delta.actual(key);
      const isWanted = this.#delta.desired(key) !== undefined;
      if (!isWanted && actual !== undefined && (actual.fdb ? macs.has(actual.mac) : used.has(actual.destination)))
        continue;
      this.#surplus.delete(key);
      if (!isWanted && actual !== undefined) await this.#write(key, actual, false);
    }
  }

  /** Whether the kernel knows how to send to the VTEP: its MAC, and behind which node that is. */
  reaches(vtep: string): boolean {
    const mac = this.#known === undefined ? undefined : this.#delta.actual(vtep)?.mac;
    return mac !== undefined && this.#delta.actual(`fdb ${mac}`) !== undefined;
  }

  /** The device is gone, and its entries with it; or they are to be read again. */
  forget(): void {
    this.#known = undefined;
  }

  /** Hears from the kernel's monitor of an entry that somebody changed. */
  observed(entry: Neighbor, present: boolean): void {
    if (entry.dev !== this.#dev || this.#known === undefined || isVague(entry)) return;
    const writing = this.#writing;
    // A neighbour that is deleted is first told of as one that has failed, and that is gone too as far as we are
    // concerned.
    const isThere = present && isOurs(entry);
    if (writing?.key === keyOf(entry) && writing.add !== isThere) writing.isUndone = true;
    this.#delta.setActual(keyOf(entry), isThere ? canonical(entry) : undefined);
    if (this.#delta.pending) this.onPending();
  }

  failures(): readonly FailedTunnel[] {
    return this.#refusals.details();
  }

  /** Each entry that is wanted, and whether the kernel has it so. */
  entries(): readonly { readonly entry: Neighbor; readonly present: boolean; readonly why: string | undefined }[] {
    const wanted = [...this.#wanted.values()].flatMap((vtep) => vtepNeighbors(this.#dev, vtep));
    return wanted.map((entry) => {
      const actual = this.#known === undefined ? undefined : this.#delta.actual(keyOf(entry));
      const present = actual !== undefined && formatNeighbor(actual) === formatNeighbor(entry);
      return { entry, present, why: this.#refusals.reason(formatNeighbor(entry)) };
    });
  }

  stop(): void {
    this.#refusals.clear();
  }

  async #read(life: number): Promise<boolean> {
    const dev = this.#dev;
    try {
      const found = [
        ...(await this.#kernel.neighborList({ dev })),
        ...(await this.#kernel.neighborList({ dev, fdb: true })),
      ];
      this.#delta.setAllActual(new Map(found.filter(isOurs).map((entry) => [keyOf(entry), canonical(entry)])));
      this.#known = life;
      this.#refusals.done(dev);
      return true;
    } catch (error) {
      this.#refusals.look(dev, `entries of ${dev}`, reasonOf(error));
      return false;
    }
  }

  async #write(key: string, entry: Neighbor, add: boolean): Promise<void> {
    const writing = { key, add, isUndone: false };
    this.#writing = writing;
    try {
      await (add ? this.#kernel.neighborAdd(entry) : this.#delete(entry));
      this.#delta.setActual(key, add ? entry : undefined);
      this.#refusals.done(key);
      if (!writing.isUndone) return;
      // Nobody knows which of the two was first.
      this.forget();
      this.onPending();
    } catch (error) {
      const what = formatNeighbor(entry);
      const reason = reasonOf(error);
      if (this.#refusals.entry(key, what, reason)) {
        this.#log.warn({ entry: what, err: reason }, 'the kernel refused a neighbour; trying again');
      }
    }
  }

  async #delete(entry: Neighbor): Promise<void> {
    try {
      await this.#kernel.neighborDelete(entry);
    } catch (error) {
      if (!isKernelError(error, 'ENOENT')) throw error;
    }
  }
}

/** Permanent unicast entries; multicast MACs and the zero MAC are the kernel's own. */
function isOurs({ state, mac, destination, proxy }: Neighbor): boolean {
  const first = Number.parseInt(mac.slice(0, 2), 16);
  return state === 'permanent' && !proxy && destination !== '' && (first & 1) === 0 && mac !== '00:00:00:00:00:00';
}

/**
 * Kernels before 6.13 tell of each change of a forwarding entry once more, without where it leads (`rtnl_fdb_notify`).
 * Taken at its word it would be another entry in the place of ours, to be written again, and to be told of again.
 */
function isVague({ fdb, destination }: Neighbor): boolean {
  return fdb === true && destination === '';
}

/** Without what the kernel adds to what we say. */
function canonical({ dev, destination, mac, state, fdb }: Neighbor): Neighbor {
  return { dev, destination, mac, ...(state !== undefined && { state }), ...(fdb && { fdb }) };
}
