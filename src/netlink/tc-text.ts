import type { DeviceNames } from './device-names.ts';
import { bucketOctets, type IngressFilter, type Qdisc, type TokenBucket } from './kernel.ts';

const SCALES = ['', 'K', 'M', 'G', 'T'];

/** As `tc qdisc` prints it: `qdisc tbf 80: dev cali1 root rate 1Mbit burst 5000b limit 8125b`. */
export function formatQdisc({ dev, kind, parent, handle, bucket }: Qdisc): string {
  const place = parent === 'root' || parent === 'ingress' ? parent : `parent ${parent}`;
  const words = ['qdisc', kind, handle, 'dev', dev, ...(kind === parent ? [] : [place])];
  return [...words, ...(bucket === undefined ? [] : [formatBucket(bucket)])].join(' ');
}

/** The parameters as tc takes them: rates in bits a second, all else in octets. */
export function formatBucket({ rate, buffer, limit, peak }: TokenBucket): string {
  const words = ['rate', formatRate(rate), 'burst', `${bucketOctets(buffer, rate)}b`];
  if (peak !== undefined) {
    words.push('peakrate', formatRate(peak.rate), 'minburst', `${bucketOctets(peak.buffer, peak.rate)}b`);
  }
  return [...words, 'limit', `${limit}b`].join(' ');
}

/** Octets a second in bits: `1Mbit`, `1500Kbit`. */
function formatRate(octets: number): string {
  let bits = octets * 8;
  let scale = 0;
  while (bits >= 1000 && bits % 1000 === 0 && scale < SCALES.length - 1) {
    bits /= 1000;
    scale++;
  }
  return `${bits}${SCALES[scale]}bit`;
}

/** As `tc filter` prints it, in one line. */
export function formatIngressFilter({ dev, kind, priority, redirect }: IngressFilter, names: DeviceNames): string {
  const words = ['filter', 'dev', dev, 'ingress', 'pref', String(priority), kind];
  if (redirect === undefined) return words.join(' ');
  return [...words, 'action mirred egress redirect dev', names.get(redirect) ?? '*'].join(' ');
}
