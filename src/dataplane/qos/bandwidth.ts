import { type Cancel, type Clock, type Log, Paced, Passes, RetryQueue, reasonOf } from '../../base/index.ts';
import type { DesiredWorkload } from '../../calc/desired/index.ts';
import { formatBucket, isKernelError, type Kernel, type Link, type TokenBucket } from '../../netlink/index.ts';
import { tokenBucket } from './bucket.ts';
import { ifbName, isIfb } from './ifb-name.ts';
import { Shaper, type ShaperKernel } from './shaper.ts';

/** A limit that the kernel refuses, and why. */
export interface FailedLimit {
  readonly what: string;
  readonly reason: string;
}

/** A limit that is wanted, and whether it is there. */
export interface LimitEntry {
  readonly text: string;
  readonly present: boolean;
  readonly why: string;
}

/**
 * Milliseconds from a host end's birth in which the rest of the CNI chain gets through: the bandwidth plugin, which may
 * still be in it, refuses a pod that somebody has limited before it.
 */
const GRACE = 2000;
/** Milliseconds between looks at what others have changed: somebody may do so again and again. */
const PAUSE = 500;
/** The subject of a refusal that is not one pod's. */
const ALL = 'bandwidth limits';

/** The host end of a pod, and what it is to be limited to. */
interface Shaped {
  readonly workload: DesiredWorkload;
  readonly link: Link;
  readonly ingress: TokenBucket | undefined;
  readonly egress: TokenBucket | undefined;
}

/**
 * Keeps the pods' bandwidths: one pass looks at all qdiscs and repairs what differs; what is refused is tried again.
 */
export class BandwidthReconciler {
  readonly #kernel: ShaperKernel & Pick<Kernel, 'qdiscList'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #failing: RetryQueue<readonly FailedLimit[]>;
  readonly #links = new Map<string, Link>();
  /** When links were born, of those that were after the first look. */
  readonly #births = new Map<string, number>();
  #wait: Cancel | undefined;
  readonly #passes = new Passes(() => this.#pass());
  readonly #repairs: Paced;
  #workloads: readonly DesiredWorkload[] = [];
  /** Host ends whose limits were as wanted when they were last looked at. */
  #settled: ReadonlySet<string> = new Set();
  #isStarted = false;

  constructor(options: { kernel: ShaperKernel & Pick<Kernel, 'qdiscList'>; clock: Clock; log: Log }) {
    this.#kernel = options.kernel;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#repairs = new Paced(options.clock, PAUSE, () => this.#look());
    this.#failing = new RetryQueue(options.clock, { first: 1000, max: 60_000 });
  }

  /** The pods that there should be. Pods without limits cost nothing. */
  apply(workloads: readonly DesiredWorkload[]): void {
    const before = limitsOf(this.#workloads);
    this.#workloads = workloads;
    if (limitsOf(workloads) !== before) this.#look();
  }

  /** A link appeared, changed, or went. */
  linkChanged(link: Link, present: boolean): void {
    const known = this.#links.get(link.name);
    if (present) this.#links.set(link.name, link);
    else this.#links.delete(link.name);
    if (!present) this.#births.delete(link.name);
    else if (this.#isStarted && known?.index !== link.index) this.#births.set(link.name, this.#clock.now());
    const isSame = present && known?.index === link.index && known.mtu === link.mtu && known.up === link.up;
    if (!isSame && (isIfb(link) || this.#isLimited(link.name))) this.#look();
  }

  /** Somebody else has changed how a device queues or filters. */
  queueingChanged(dev: string): void {
    const isOurs = this.#workloads.some(
      (one) => hasBandwidth(one) && [one.interfaceName, ifbName(one.interfaceName)].includes(dev),
    );
    if (isOurs) this.#repairs.ask();
  }

  /** The first look finds what a former run has left; before it, nothing is written. */
  check(): Promise<void> {
    this.#isStarted = true;
    return this.#passes.run();
  }

  failures(): readonly FailedLimit[] {
    return this.#failing.details().flat();
  }

  /** A line for each direction of a pod that is limited. */
  entries(): readonly LimitEntry[] {
    return this.#wanted().flatMap(({ workload, link, ingress, egress }) => {
      const present = this.#settled.has(link.name);
      const refused = this.failures().find(({ what }) => what === ALL || what === oneOf(workload))?.reason;
      const waits = this.#youth(link) > 0 ? 'waits for the rest of the CNI chain' : undefined;
      return Object.entries({ ingress, egress }).flatMap(([direction, bucket]) => {
        if (bucket === undefined) return [];
        const text = `${workload.key} ${direction} ${formatBucket(bucket)}`;
        return [{ text, present, why: refused ?? waits ?? `${direction}Bandwidth` }];
      });
    });
  }

  stop(): void {
    this.#wait?.();
    this.#repairs.stop();
    this.#failing.clear();
  }

  #isLimited(interfaceName: string): boolean {
    return this.#workloads.some((workload) => workload.interfaceName === interfaceName && hasBandwidth(workload));
  }

  #look(): void {
    if (this.#isStarted) void this.#passes.run();
  }

  async #pass(): Promise<void> {
    const failures = new Map<string, FailedLimit>();
    const settled = new Set<string>();
    const attempt = async (what: string, work: () => Promise<void>): Promise<boolean> => {
      try {
        await work();
        return true;
      } catch (error) {
        // A feature that nobody asks for is not lacking.
        if (isKernelError(error, 'EOPNOTSUPP') && !this.#workloads.some(hasBandwidth)) return false;
        const failed = failureOf(what, error);
        failures.set(`${failed.what} ${failed.reason}`, failed);
        return false;
      }
    };
    await attempt(ALL, async () => {
      const wanted = this.#wanted();
      const shaper = new Shaper(this.#kernel, await this.#kernel.qdiscList(), [...this.#links.values()]);
      for (const { workload, link, ingress, egress } of wanted) {
        if (this.#youth(link) > 0) continue;
        const isDone = await attempt(oneOf(workload), async () => {
          if (this.#isPresent(link))
            await shaper.shape(link, ingress, egress).catch((error) => this.#mayBeGone(link, error));
        });
        if (isDone) settled.add(link.name);
      }
      const limited = wanted.filter(({ egress }) => egress !== undefined);
      await shaper.removeOthers(new Set(limited.map(({ link }) => ifbName(link.name))));
    });
    this.#settled = settled;
    this.#waitForYoung();
    this.#told([...failures.values()]);
  }

  /** Milliseconds until the pod is old enough. */
  #youth({ name }: Link): number {
    const born = this.#births.get(name);
    return born === undefined ? 0 : Math.max(0, born + GRACE - this.#clock.now());
  }

  #waitForYoung(): void {
    this.#wait?.();
    const young = this.#wanted().filter(({ workload, link }) => hasBandwidth(workload) && this.#youth(link) > 0);
    if (young.length === 0) return;
    this.#wait = this.#clock.after(Math.min(...young.map(({ link }) => this.#youth(link))), () => this.#look());
  }

  #told(failures: readonly FailedLimit[]): void {
    if (failures.length === 0) this.#failing.done('pass');
    else {
      const attempts = this.#failing.failed('pass', failures, () => this.#look());
      if (attempts === 1) this.#log.warn({ failures }, 'bandwidth limits are refused; trying again later');
    }
  }

  #isPresent(link: Link): boolean {
    return this.#links.get(link.name)?.index === link.index;
  }

  /** A pod that went while its limits were written has none any more. */
  #mayBeGone(link: Link, error: unknown): void {
    if (this.#isPresent(link)) throw error;
  }

  /** Those whose host end is there; also those without limits, which may have had some. */
  #wanted(): readonly Shaped[] {
    return this.#workloads.flatMap((workload) => {
      const link = this.#links.get(workload.interfaceName);
      if (link === undefined) return [];
      const { ingress, egress } = workload.qos ?? { ingress: {}, egress: {} };
      return [{ workload, link, ingress: tokenBucket(ingress, link.mtu), egress: tokenBucket(egress, link.mtu) }];
    });
  }
}

/** A feature that the kernel lacks is told once, however many pods there are. */
function failureOf(what: string, error: unknown): FailedLimit {
  if (!isKernelError(error)) return { what, reason: reasonOf(error) };
  return { what: error.code === 'EOPNOTSUPP' ? ALL : what, reason: error.reason };
}

function oneOf({ key }: DesiredWorkload): string {
  return `bandwidth of ${key}`;
}

function hasBandwidth({ qos }: DesiredWorkload): boolean {
  return qos?.ingress.bandwidth !== undefined || qos?.egress.bandwidth !== undefined;
}

/** The inputs of the buckets, as one text. */
function limitsOf(workloads: readonly DesiredWorkload[]): string {
  return JSON.stringify(workloads.filter(hasBandwidth).map(({ interfaceName, qos }) => [interfaceName, qos]));
}
