import t, { type Test } from 'tap';
import { silentLog } from '../../src/base/index.ts';
import { BandwidthReconciler } from '../../src/dataplane/qos/bandwidth.ts';
import { ifbName } from '../../src/dataplane/qos/ifb-name.ts';
import { printKernel } from '../../src/netlink/index.ts';
import type { Host } from './host.ts';
import { host, MBIT, pods, qos } from './limited.ts';

const IFB = ifbName('caliweb');
const BUCKET = 'tbf 80: dev caliweb root rate 1Mbit burst 10000b limit 13125b';

/** What tc(8) would show of what somebody configured. */
async function tc({ kernel }: Host): Promise<readonly string[]> {
  const [, section = ''] = (await printKernel(kernel)).split('\ntc\n');
  return section.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim().replace(/^qdisc /, '')]));
}

const REDIRECTED = [
  'ingress ffff: dev caliweb',
  `filter dev caliweb ingress pref 80 u32 action mirred egress redirect dev ${IFB}`,
];
const EGRESS = [...REDIRECTED, `tbf 80: dev ${IFB} root rate 1Mbit burst 10000b limit 13125b`];

t.test('bandwidths come, change and go with the annotation', async (t) => {
  const node = await host('web', 'other');
  const { dataplane } = node;
  await dataplane.start(pods({ web: qos(MBIT, MBIT), other: undefined }));
  await node.settle();
  t.same(await tc(node), [BUCKET, ...EGRESS]);
  t.same(dataplane.qos.failures(), []);
  dataplane.apply(pods({ web: qos({ ...MBIT, bandwidth: 2_000_000 }), other: undefined }));
  await node.settle();
  t.same(await tc(node), ['tbf 80: dev caliweb root rate 2Mbit burst 10000b limit 16250b']);
  t.equal(await node.kernel.linkGet(IFB), undefined);
  dataplane.apply(pods({ web: undefined, other: undefined }));
  await node.settle();
  t.same(await tc(node), []);
});

t.test('nothing is written when nothing differs, nor after a restart', async (t) => {
  const node = await host('web');
  const desired = pods({ web: qos(MBIT, { ...MBIT, packetRate: 100 }) });
  await node.dataplane.start(desired);
  await node.settle();
  node.writes();
  const done = node.nft.done.length;
  await node.dataplane.resync();
  await node.settle();
  t.same(node.writes(), []);
  node.dataplane.stop();
  await node.restarted().start(desired);
  await node.settle();
  t.same(node.writes(), []);
  t.equal(node.nft.done.length, done);
  t.ok(node.dataplane.qos.entries().every(({ present }) => present));
});

t.test('what a former run has left is removed when it is not wanted any more', async (t) => {
  const node = await host('web', 'gone');
  await node.dataplane.start(pods({ web: qos(MBIT, { ...MBIT, maxConnections: 3 }), gone: qos({}, MBIT) }));
  await node.settle();
  node.dataplane.stop();
  await node.restarted().start(pods({ web: undefined }));
  await node.settle();
  t.same(await tc(node), []);
  t.same(
    (await node.kernel.linkList()).filter(({ kind }) => kind === 'ifb'),
    [],
  );
  t.equal(await node.nft.list({ family: 'inet', name: 'vrouter-connections' }), undefined);
});

const BY_HAND: Readonly<Record<string, (node: Host) => Promise<void>>> = {
  'the bucket': (node) => node.kernel.qdiscDelete('caliweb', 'root'),
  'another root in its place': (node) =>
    node.kernel.qdiscReplace({
      kind: 'tbf',
      dev: 'caliweb',
      handle: '1:',
      bucket: { rate: 1, buffer: 1, limit: 1 },
    }),
  'the ingress': (node) => node.kernel.qdiscDelete('caliweb', 'ingress'),
  'one more redirection': (node) => node.kernel.redirectAdd({ dev: 'caliweb', to: IFB, priority: 1 }),
  'the bucket of what the pod sends': (node) => node.kernel.qdiscDelete(IFB, 'root'),
  'the device down': (node) => node.kernel.linkSet(IFB, { up: false }),
};

for (const [what, change] of Object.entries(BY_HAND)) {
  t.test(`changed by hand, ${what}: repaired at the next full look`, async (t) => {
    const node = await host('web');
    await node.dataplane.start(pods({ web: qos(MBIT, MBIT) }));
    await node.settle();
    await change(node);
    await node.dataplane.resync();
    t.same(await tc(node), [BUCKET, ...EGRESS]);
    t.ok((await node.kernel.linkGet(IFB))?.up);
  });
}

t.test('a device that is deleted is made again at once: packets would be lost without it', async (t) => {
  const node = await host('web');
  await node.dataplane.start(pods({ web: qos({}, MBIT) }));
  await node.settle();
  await node.kernel.linkDelete(IFB);
  await node.settle();
  t.same(await tc(node), EGRESS);
});

t.test('with the pod goes its device; with a new one it comes again', async (t) => {
  const node = await host('web');
  await node.dataplane.start(pods({ web: qos({}, MBIT) }));
  await node.settle();
  await node.kernel.linkDelete('caliweb');
  await node.settle();
  t.equal(await node.kernel.linkGet(IFB), undefined);
  node.machine.removeNamespace('/run/netns/web');
  await node.addPod('web', '10.0.0.1');
  await node.settle(2000);
  t.same(await tc(node), EGRESS);
});

t.test('a new pod is left to the rest of the CNI chain for two seconds', async (t) => {
  const node = await host();
  await node.dataplane.start(pods({ web: qos(MBIT) }));
  await node.addPod('web', '10.0.0.1');
  await node.settle(1900);
  t.same(await tc(node), []);
  const bucket = { rate: 8, buffer: 8, limit: 8 };
  await node.kernel.qdiscReplace({ kind: 'tbf', dev: 'caliweb', handle: '1:', bucket });
  t.match(node.dataplane.qos.entries(), [{ present: false, why: 'waits for the rest of the CNI chain' }]);
  await node.settle(100);
  t.same(await tc(node), [BUCKET]);
  t.match(node.dataplane.qos.entries(), [{ present: true }]);
});

t.test('what others queue on a pod without limits is theirs', async (t) => {
  const node = await host('web');
  const { kernel } = node;
  await kernel.linkAdd({ kind: 'ifb', name: 'bwp0' });
  await kernel.qdiscReplace({ kind: 'tbf', dev: 'caliweb', handle: '1:', bucket: { rate: 8, buffer: 8, limit: 8 } });
  await kernel.qdiscReplace({ kind: 'ingress', dev: 'caliweb' });
  await kernel.redirectAdd({ dev: 'caliweb', to: 'bwp0', priority: 1 });
  const before = await tc(node);
  t.equal(before.length, 3);
  await node.dataplane.start(pods({ web: undefined }));
  await node.settle();
  t.same(await tc(node), before);
  node.dataplane.apply(pods({ web: qos(MBIT, MBIT) }));
  await node.settle();
  t.same(await tc(node), [BUCKET, ...EGRESS], 'a pod’s own limits come before those of the bandwidth plugin');
});

t.test('a device that was made a moment ago, and not told of yet, is not made twice', async (t) => {
  const node = await host('web');
  const { kernel, clock } = node;
  const bandwidth = new BandwidthReconciler({ kernel, clock, log: silentLog });
  bandwidth.apply(pods({ web: qos({}, MBIT) }).workloads);
  for (const link of await kernel.linkList()) bandwidth.linkChanged(link, true);
  for (const look of ['first', 'second']) {
    await bandwidth.check();
    t.same(bandwidth.failures(), [], look);
  }
  t.same(await tc(node), EGRESS);
});

t.test('a bucket follows the MTU of its device', async (t) => {
  const node = await host('web');
  await node.dataplane.start(pods({ web: qos({ ...MBIT, burst: 1000 }) }));
  await node.kernel.linkSet('caliweb', { mtu: 9000 });
  await node.settle();
  t.same(await tc(node), ['tbf 80: dev caliweb root rate 1Mbit burst 9014b limit 12139b']);
});

for (const [missing, expected] of [
  ['tbf', 'this kernel has no tbf queueing'],
  ['ifb', 'this kernel has no ifb devices'],
] as const) {
  t.test(`without ${missing} in the kernel one reason is told, and pods work`, async (t) => {
    const node = await host('web', 'other');
    node.machine.missingKinds.add(missing);
    const limits = qos({}, MBIT);
    await node.dataplane.start(pods({ web: limits, other: limits }));
    await node.settle();
    t.same(node.dataplane.qos.failures(), [{ what: 'bandwidth limits', reason: expected }]);
    t.match(node.dataplane.qos.entries()[0], { present: false, why: expected });
    t.same(await node.routes(), [
      '10.0.0.1 dev caliweb proto 80 scope link',
      '10.0.0.2 dev caliother proto 80 scope link',
    ]);
    t.notOk(
      (await tc(node)).some((line) => line.includes('redirect')),
      'nothing leads to where nothing is',
    );
    node.machine.missingKinds.delete(missing);
    await node.settle(60_000);
    t.same(node.dataplane.qos.failures(), []);
    t.ok(node.dataplane.qos.entries().every(({ present }) => present));
  });
}

t.test('a kernel without any queueing lacks nothing while no pod is limited', async (t) => {
  const node = await host('web');
  node.machine.failOnce({ verb: 'qdiscList', code: 'EOPNOTSUPP' });
  await node.dataplane.start(pods({ web: undefined }));
  await node.settle();
  t.ok(node.machine.allFailed);
  t.same(node.dataplane.qos.failures(), []);
});

async function sweep(t: Test): Promise<void> {
  const whole = await host('web');
  await whole.dataplane.start(pods({ web: undefined }));
  await whole.settle();
  whole.machine.calls.length = 0;
  whole.dataplane.apply(pods({ web: qos(MBIT, MBIT) }));
  await whole.settle();
  const calls = [...whole.machine.calls];
  t.ok(calls.length > 8, `${calls.length} calls`);
  for (const after of calls.keys()) {
    const node = await host('web');
    await node.dataplane.start(pods({ web: undefined }));
    await node.settle();
    node.machine.failOnce({ after });
    node.dataplane.apply(pods({ web: qos(MBIT, MBIT) }));
    await node.settle();
    await node.settle(5000);
    t.same(await tc(node), [BUCKET, ...EGRESS], `call ${after}, ${calls[after]}`);
    t.same(node.dataplane.qos.failures(), []);
    node.dataplane.stop();
  }
}

t.test('each call to the kernel may fail once; in the end all is there', sweep);
