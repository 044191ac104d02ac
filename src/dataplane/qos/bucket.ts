import type { DesiredLimits } from '../../calc/desired/index.ts';
import { bucketOctets, bucketTicks, type TokenBucket } from '../../netlink/index.ts';

/** Octets of an Ethernet header, which a device sends beyond its MTU. */
const ETHERNET = 14;
/** Seconds that a packet may wait for its turn, as in Calico and the bandwidth plugin. */
const LATENCY = 0.025;
/** Seconds that a bucket can take to fill: the kernel counts them in nanoseconds, in 32 bits. */
const LONGEST = 4.29;
const U32_MAX = 0xffffffff;

/**
 * The token bucket for a bandwidth on a device with this MTU; undefined without a bandwidth. A bucket that does not hold
 * one whole packet would let none through, so bursts and rates are at least what that takes: 3 kbit/s at 1500.
 */
export function tokenBucket(limits: DesiredLimits, mtu: number): TokenBucket | undefined {
  if (limits.bandwidth === undefined) return undefined;
  const packet = mtu + ETHERNET;
  const rate = Math.max(Math.floor(limits.bandwidth / 8), Math.ceil(packet / LONGEST));
  const main = { rate, buffer: bucketTicks(Math.max(Math.floor((limits.burst ?? 0) / 8), packet), rate) };
  const peakRate = Math.floor((limits.peakrate ?? 0) / 8);
  if (peakRate <= rate) return { ...main, limit: waiting(main) };
  const peak = { rate: peakRate, buffer: bucketTicks(Math.max(limits.minburst ?? 0, packet), peakRate) };
  return { ...main, limit: Math.min(waiting(main), waiting(peak)), peak };
}

/** Octets that may wait: a bucketful, and what passes in the time that a packet may wait. */
function waiting({ rate, buffer }: { readonly rate: number; readonly buffer: number }): number {
  return Math.min(Math.floor(rate * LATENCY) + bucketOctets(buffer, rate), U32_MAX);
}
