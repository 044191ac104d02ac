/** How a device queues what it sends, or looks at what it receives, as tc(8) shows it. */
export interface Qdisc {
  readonly dev: string;
  /** `tbf`, `ingress`, `clsact`, `noqueue` … */
  readonly kind: string;
  /** Where it hangs: `root`, `ingress`, or a class such as `1:2`. */
  readonly parent: string;
  /** As tc(8) writes it, such as `80:`; `0:` for what the kernel chose itself. */
  readonly handle: string;
  /** Of a `tbf`. */
  readonly bucket?: TokenBucket;
}

/** A token bucket filter: what it lets through. Rates are octets a second. */
export interface TokenBucket {
  readonly rate: number;
  /** How long the bucket takes to fill, in ticks of 64 ns: the kernel's own measure, which it keeps exactly. */
  readonly buffer: number;
  /** Octets that may wait; what comes then is dropped. */
  readonly limit: number;
  /** How fast a full bucket may be emptied: a second bucket, small and quick. */
  readonly peak?: { readonly rate: number; readonly buffer: number };
}

export type QdiscSpec =
  | { readonly kind: 'tbf'; readonly dev: string; readonly handle: string; readonly bucket: TokenBucket }
  /** For filters on what the device receives. */
  | { readonly kind: 'ingress'; readonly dev: string };

/** A filter that looks at each packet that a device receives. */
export interface IngressFilter {
  readonly dev: string;
  /** `u32`, `matchall`, `bpf` … */
  readonly kind: string;
  readonly priority: number;
  /** Index of the device that it sends the packets to instead; 0 once that device is gone, and the packets with it. */
  readonly redirect?: number;
}

/** Sends all that the device receives to another one, which gives it back: there it can be queued. */
export interface RedirectSpec {
  readonly dev: string;
  /** Name of the device, an `ifb`. */
  readonly to: string;
  readonly priority: number;
}

const NANOSECONDS = 1e9;
/** Nanoseconds of a tick (PSCHED_SHIFT in include/net/pkt_sched.h). */
const TICK = 64;
/** The kernel keeps a bucket's time in nanoseconds, in 32 bits. */
const LONGEST = Math.floor(0xffffffff / TICK);

/** Ticks for so many octets at a rate: enough for all of them, or the 4.29 seconds that are the most there can be. */
export function bucketTicks(octets: number, rate: number): number {
  return Math.min(Math.ceil((octets * NANOSECONDS) / rate / TICK), LONGEST);
}

/** Octets that such a bucket holds. */
export function bucketOctets(ticks: number, rate: number): number {
  return Math.floor((ticks * TICK * rate) / NANOSECONDS);
}
