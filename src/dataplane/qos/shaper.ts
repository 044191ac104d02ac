import { isKernelError, type Kernel, type Link, type Qdisc, type TokenBucket } from '../../netlink/index.ts';
import { ifbName, isIfb } from './ifb-name.ts';

export type ShaperKernel = Pick<
  Kernel,
  'linkAdd' | 'linkSet' | 'linkGet' | 'linkDelete' | 'qdiscReplace' | 'qdiscDelete' | 'filterList' | 'redirectAdd'
>;

/** By which our token buckets and redirections are known again: the number that our routes have too. */
const HANDLE = '80:';
const PRIORITY = 80;

/**
 * One pass over the devices, given how they were when it began. What a pod receives is sent by its host end, and waits
 * there in a token bucket. What it sends is received by the host end, where nothing can wait: it is redirected to a
 * device that does no more than give it back, and waits in that one's bucket.
 *
 *     pod ◄── tbf 80: ── cali… ◄── node
 *     pod ──► ingress of cali… ── redirect ──► bwcali… ── tbf 80: ──► node
 */
export class Shaper {
  readonly #kernel: ShaperKernel;
  readonly #roots: ReadonlyMap<string, Qdisc>;
  /** Devices that have an ingress qdisc. */
  readonly #ingresses: Set<string>;
  readonly #ifbs: readonly Link[];

  constructor(kernel: ShaperKernel, qdiscs: readonly Qdisc[], links: readonly Link[]) {
    this.#kernel = kernel;
    this.#roots = new Map(qdiscs.filter(({ parent }) => parent === 'root').map((qdisc) => [qdisc.dev, qdisc]));
    this.#ingresses = new Set(qdiscs.filter(({ kind }) => kind === 'ingress').map(({ dev }) => dev));
    this.#ifbs = links.filter(isIfb);
  }

  /** Makes a pod's host end what it should be; `ingress` is for what the pod receives. */
  async shape(link: Link, ingress: TokenBucket | undefined, egress: TokenBucket | undefined): Promise<void> {
    await this.#bucket(link.name, ingress);
    if (egress === undefined) await this.#unredirect(link.name);
    else await this.#redirect(link, egress);
  }

  /** Removes the devices of pods that have gone, or are not limited any more, and what leads to them. */
  async removeOthers(wanted: ReadonlySet<string>): Promise<void> {
    const others = this.#ifbs.filter(({ name }) => !wanted.has(name));
    if (others.length === 0) return;
    for (const dev of [...this.#ingresses]) {
      const redirects = await this.#redirects(dev);
      if (others.some(({ index }) => redirects.includes(index))) await this.#dropIngress(dev);
    }
    for (const { name } of others) await this.#unlessGone(this.#kernel.linkDelete(name));
  }

  async #bucket(dev: string, bucket: TokenBucket | undefined): Promise<void> {
    const root = this.#roots.get(dev);
    const isOurs = root?.kind === 'tbf' && root.handle === HANDLE;
    if (bucket === undefined) {
      if (isOurs) await this.#kernel.qdiscDelete(dev, 'root');
    } else if (!(isOurs && isSame(root.bucket, bucket))) {
      await this.#kernel.qdiscReplace({ kind: 'tbf', dev, handle: HANDLE, bucket });
    }
  }

  /** The bucket is there before a packet is redirected to it. */
  async #redirect({ name: dev, mtu }: Link, bucket: TokenBucket): Promise<void> {
    const to = ifbName(dev);
    const index = await this.#device(to, mtu);
    await this.#bucket(to, bucket);
    const redirects = this.#ingresses.has(dev) ? await this.#redirects(dev) : [];
    if (redirects.length === 1 && redirects[0] === index) return;
    // Whatever else is there, such as the bandwidth plugin's, would compete with it.
    if (this.#ingresses.has(dev)) await this.#dropIngress(dev);
    await this.#kernel.qdiscReplace({ kind: 'ingress', dev });
    await this.#kernel.redirectAdd({ dev, to, priority: PRIORITY });
  }

  /** The device's index, once it is there and up. One that was just made may not have been told of yet. */
  async #device(name: string, mtu: number): Promise<number> {
    const found = this.#ifbs.find((link) => link.name === name) ?? (await this.#kernel.linkGet(name));
    const known = found?.kind === 'ifb' ? found : undefined;
    if (known === undefined) await this.#kernel.linkAdd({ kind: 'ifb', name, mtu });
    if (!known?.up || known.mtu !== mtu) await this.#kernel.linkSet(name, { up: true, mtu });
    return (known ?? (await this.#kernel.linkGet(name)))?.index ?? 0;
  }

  /**
   * Removes our redirection: one that leads elsewhere than to a device of ours, or to one that is gone, is somebody
   * else's.
   */
  async #unredirect(dev: string): Promise<void> {
    if (!this.#ingresses.has(dev)) return;
    const own = [0, ...this.#ifbs.map(({ index }) => index)];
    const redirects = await this.#redirects(dev);
    if (redirects.every((index) => index !== undefined && own.includes(index))) await this.#dropIngress(dev);
  }

  async #redirects(dev: string): Promise<readonly (number | undefined)[]> {
    return (await this.#kernel.filterList(dev)).map(({ redirect }) => redirect);
  }

  async #dropIngress(dev: string): Promise<void> {
    await this.#unlessGone(this.#kernel.qdiscDelete(dev, 'ingress'));
    this.#ingresses.delete(dev);
  }

  async #unlessGone(deletion: Promise<void>): Promise<void> {
    try {
      await deletion;
    } catch (error) {
      if (!isKernelError(error, 'ENODEV', 'ENOENT')) throw error;
    }
  }
}

function isSame(a: TokenBucket | undefined, b: TokenBucket): boolean {
  return (
    a?.rate === b.rate &&
    a.buffer === b.buffer &&
    a.limit === b.limit &&
    a.peak?.rate === b.peak?.rate &&
    a.peak?.buffer === b.peak?.buffer
  );
}
