import { bucketTicks, type Kernel, printKernel, type TokenBucket } from '../../src/netlink/index.ts';
import type { Scenarios } from './kernel-scenarios.ts';
import { rejects } from './rejects.ts';

const DEV = 'cali1';
const IFB = 'bwcali1';
const MBIT = 125_000;

function bucket(rate: number, more: Partial<TokenBucket> = {}): TokenBucket {
  return { rate, buffer: bucketTicks(10_000, rate), limit: 20_000, ...more };
}

/** A veth, and a device that gives back what it is sent; both are up. */
async function devices(kernel: Kernel): Promise<void> {
  await kernel.linkAdd({ kind: 'veth', name: DEV, peerName: 'eth9' });
  await kernel.linkAdd({ kind: 'ifb', name: IFB, mtu: 1400 });
  for (const name of [DEV, IFB]) await kernel.linkSet(name, { up: true });
}

/** What somebody has configured, as tc(8) shows it. */
async function shown(kernel: Kernel): Promise<readonly string[]> {
  const [, section = ''] = (await printKernel(kernel)).split('\ntc\n');
  return section
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** What every implementation of `Kernel` promises of queueing, on kernels that have tbf, ifb, u32 and mirred. */
export const TRAFFIC_CONTROL: Scenarios = {
  'a new device has what the kernel chose for it': async ({ t, kernel }) => {
    await devices(kernel);
    t.same(await shown(kernel), []);
    t.match(
      (await kernel.linkList()).find(({ name }) => name === IFB),
      { kind: 'ifb', mtu: 1400, up: true },
    );
    t.same(await kernel.filterList(DEV), []);
  },

  'a token bucket is kept as it was given, whatever its rates': async ({ t, kernel }) => {
    await devices(kernel);
    const buckets = [
      bucket(125),
      bucket(MBIT),
      bucket(MBIT, { peak: { rate: 2 * MBIT, buffer: bucketTicks(1514, 2 * MBIT) } }),
      bucket(0xffffffff),
      bucket(125e12, { limit: 0xffffffff, peak: { rate: 126e12, buffer: bucketTicks(1514, 126e12) } }),
      bucket(MBIT),
    ];
    for (const one of buckets) {
      await kernel.qdiscReplace({ kind: 'tbf', dev: DEV, handle: '80:', bucket: one });
      const found = (await kernel.qdiscList()).filter(({ dev }) => dev === DEV);
      t.same(found, [{ dev: DEV, kind: 'tbf', parent: 'root', handle: '80:', bucket: one }]);
    }
    t.same(await shown(kernel), ['qdisc tbf 80: dev cali1 root rate 1Mbit burst 10000b limit 20000b']);
  },

  'a token bucket takes the place of another root, and is deleted as the root': async ({ t, kernel }) => {
    await devices(kernel);
    for (const handle of ['1:', '80:'] as const) {
      await kernel.qdiscReplace({ kind: 'tbf', dev: DEV, handle, bucket: bucket(MBIT) });
    }
    const roots = (await kernel.qdiscList()).filter(({ dev, handle }) => dev === DEV && handle !== '0:');
    t.match(roots, [{ handle: '80:' }]);
    t.equal(roots.length, 1);
    await kernel.qdiscDelete(DEV, 'root');
    t.same(await shown(kernel), []);
    await rejects(t, kernel.qdiscDelete(DEV, 'root'), 'ENOENT');
  },

  'what a device receives is redirected to another, until its ingress goes': async ({ t, kernel }) => {
    await devices(kernel);
    await rejects(t, kernel.redirectAdd({ dev: DEV, to: IFB, priority: 80 }), 'EINVAL');
    await kernel.qdiscReplace({ kind: 'ingress', dev: DEV });
    await rejects(t, kernel.qdiscReplace({ kind: 'ingress', dev: DEV }), 'EEXIST');
    await kernel.redirectAdd({ dev: DEV, to: IFB, priority: 80 });
    const to = (await kernel.linkGet(IFB))?.index;
    t.same(await kernel.filterList(DEV), [{ dev: DEV, kind: 'u32', priority: 80, redirect: to }]);
    t.same(await shown(kernel), [
      'qdisc ingress ffff: dev cali1',
      'filter dev cali1 ingress pref 80 u32 action mirred egress redirect dev bwcali1',
    ]);
    await kernel.qdiscDelete(DEV, 'ingress');
    t.same(await kernel.filterList(DEV), []);
    await rejects(t, kernel.qdiscDelete(DEV, 'ingress'), 'ENOENT');
  },

  'a redirection outlives the device that it leads to': async ({ t, kernel }) => {
    await devices(kernel);
    await kernel.qdiscReplace({ kind: 'ingress', dev: DEV });
    await kernel.redirectAdd({ dev: DEV, to: IFB, priority: 80 });
    await kernel.linkDelete(IFB);
    t.match(await kernel.filterList(DEV), [{ redirect: 0 }]);
  },

  'with a device go its qdiscs': async ({ t, kernel }) => {
    await devices(kernel);
    await kernel.qdiscReplace({ kind: 'tbf', dev: DEV, handle: '80:', bucket: bucket(MBIT) });
    await kernel.linkDelete(DEV);
    t.same(await shown(kernel), []);
  },

  'what can not be is refused': async ({ t, kernel }) => {
    await devices(kernel);
    const peak = { rate: MBIT, buffer: 1000 };
    const spec = { kind: 'tbf', dev: DEV, handle: '80:' } as const;
    await rejects(t, kernel.qdiscReplace({ ...spec, bucket: bucket(MBIT, { peak }) }), 'EINVAL');
    await rejects(t, kernel.qdiscReplace({ ...spec, dev: 'nothing', bucket: bucket(MBIT) }), 'ENODEV');
    await rejects(t, kernel.qdiscDelete('nothing', 'root'), 'ENODEV');
    await rejects(t, kernel.filterList('nothing'), 'ENODEV');
    await rejects(t, kernel.redirectAdd({ dev: DEV, to: 'nothing', priority: 80 }), 'ENODEV');
  },
};
