import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { decremented, handleOf, incremented, newHandle } from '../../src/ipam/handle.ts';
import { Handles } from '../../src/ipam/handles.ts';
import { TestCluster } from './cluster.ts';

t.test('a handle counts its addresses by block, and ends with the last', async (t) => {
  const one = newHandle('Net.ABC', '10.0.0.0/26', 1);
  t.strictSame([one.metadata.name, one.spec.handleID], ['net.abc', 'Net.ABC']);
  const two = incremented(one.spec, 'fd00::/122', 2);
  t.strictSame(two.block, { '10.0.0.0/26': 1, 'fd00::/122': 2 });
  const less = decremented(two, 'fd00::/122', 1);
  t.strictSame(less?.block, { '10.0.0.0/26': 1, 'fd00::/122': 1 });
  t.strictSame(decremented(less!, '10.0.0.0/26', 5)?.block, { 'fd00::/122': 1 });
  t.equal(decremented(one.spec, '10.0.0.0/26', 1), undefined);
});

t.test('the names of Calico’s owners', async (t) => {
  t.equal(handleOf.pod('k8s-pod-network', 'abc'), 'k8s-pod-network.abc');
  t.strictSame(
    (['ipip', 'vxlan', 'vxlanV6', 'wireguard', 'wireguardV6'] as const).map((kind) => handleOf.tunnel(kind, 'n')),
    [
      'ipip-tunnel-addr-n',
      'vxlan-tunnel-addr-n',
      'vxlan-v6-tunnel-addr-n',
      'wireguard-tunnel-addr-n',
      'wireguard-v6-tunnel-addr-n',
    ],
  );
  // printf web-default-6f7c… | openssl dgst -sha256 -binary | base64, without what names can't have.
  const uid = '6F7C1E0A-1111-4222-8333-0123456789AB';
  t.equal(handleOf.loadBalancer('web', 'default', uid), 'lb-bJ3o3OZ67MTyxRuhZsrKYciiB4GIaugVgy785bY5k0');
});

t.test('two that remember different things count together', async (t) => {
  const { store } = new TestCluster();
  const [one, two] = [new Handles(store, new VirtualClock()), new Handles(store, new VirtualClock())];
  await one.increment('h', 'b', 1);
  await two.increment('h', 'b', 1);
  await one.increment('h', 'c', 1);
  t.strictSame((await one.read('h'))?.spec.block, { b: 2, c: 1 });
  await two.decrement('h', 'b', 2);
  await one.decrement('h', 'c', 1);
  t.equal(await one.read('h'), undefined);
  await two.decrement('h', 'b', 1);
});

t.test('a count is put right when fewer were taken, and kept when nobody knows', async (t) => {
  const { store } = new TestCluster();
  const handles = new Handles(store, new VirtualClock());
  await handles.counting('h', 'b', 3, async () => ['only']);
  t.strictSame((await handles.read('h'))?.spec.block, { b: 1 });
  const lost = handles.counting('h', 'b', 2, () => Promise.reject(new Error('connection lost')));
  await t.rejects(lost, { message: 'connection lost' });
  t.strictSame((await handles.read('h'))?.spec.block, { b: 3 });
});
