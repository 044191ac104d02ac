import t from 'tap';
import type { DesiredLimits } from '../../src/calc/index.ts';
import { tokenBucket } from '../../src/dataplane/qos/bucket.ts';
import { ifbName } from '../../src/dataplane/qos/ifb-name.ts';
import { bucketOctets, formatBucket } from '../../src/netlink/index.ts';
import { MBIT } from './limited.ts';

t.test('the token bucket of a bandwidth', async (t) => {
  const table: Readonly<Record<string, readonly [limits: DesiredLimits, mtu: number, text: string | undefined]>> = {
    'no bandwidth': [{ packetRate: 5 }, 1500, undefined],
    'a bandwidth and a burst': [MBIT, 1500, 'rate 1Mbit burst 10000b limit 13125b'],
    'Calico’s own burst is as much as the kernel can count': [
      { bandwidth: 1_000_000, burst: 4_294_967_296 },
      1500,
      'rate 1Mbit burst 536870b limit 539995b',
    ],
    'a burst that no packet would fit in': [
      { bandwidth: 1_000_000, burst: 1000 },
      1500,
      'rate 1Mbit burst 1514b limit 4639b',
    ],
    'a burst that no jumbo packet would fit in': [
      { bandwidth: 1_000_000, burst: 1000 },
      9000,
      'rate 1Mbit burst 9014b limit 12139b',
    ],
    'a rate at which no packet would pass': [
      { bandwidth: 1000, burst: 4_294_967_296 },
      1500,
      'rate 2824bit burst 1516b limit 1524b',
    ],
    'a peak rate': [
      { ...MBIT, peakrate: 2_000_000, minburst: 2000 },
      1500,
      'rate 1Mbit burst 10000b peakrate 2Mbit minburst 2000b limit 8250b',
    ],
    'a peak rate whose bucket would hold no packet': [
      { ...MBIT, peakrate: 2_000_000 },
      1500,
      'rate 1Mbit burst 10000b peakrate 2Mbit minburst 1514b limit 7764b',
    ],
    'the highest there is': [
      { bandwidth: 1e15, burst: 34_359_738_360 },
      1500,
      'rate 1000Tbit burst 4296000000b limit 4294967295b',
    ],
  };
  for (const [what, [limits, mtu, text]] of Object.entries(table)) {
    const bucket = tokenBucket(limits, mtu);
    t.equal(bucket && formatBucket(bucket), text, what);
    if (bucket) t.ok(bucketOctets(bucket.buffer, bucket.rate) >= mtu + 14, `${what}: a packet fits`);
  }
});

t.test('devices are named as Calico names them', async (t) => {
  t.match(ifbName('cali0123456789a'), /^bwcali[0-9a-f]{9}$/);
  t.not(ifbName('cali0123456789a'), ifbName('cali0123456789b'));
});
