import t from 'tap';
import { silentLog, systemClock, VirtualClock } from '../../src/base/index.ts';
import { Unprotected } from '../../src/daemon/unprotected.ts';
import { checkedStore, MemoryStore, Syncer } from '../../src/datastore/index.ts';
import { until } from '../../src/lab/until.ts';
import { newResource } from '../../src/model/index.ts';
import { put } from '../calc/resources.ts';
import { loneDaemon } from './lone-daemon.ts';

const DENY = { selector: 'all()', types: ['Ingress'] } as const;

async function bench() {
  const clock = new VirtualClock();
  const store = new MemoryStore({ clock });
  const warned: string[] = [];
  const log = { ...silentLog, warn: (_: object, text: string) => void warned.push(text), child: () => log };
  const unprotected = new Unprotected({ nodename: 'a', log: log as never });
  const syncer = new Syncer({
    store: checkedStore(store),
    kinds: ['NetworkPolicy', 'GlobalNetworkPolicy', 'HostEndpoint', 'Tier', 'Profile'],
    clock,
    onUpdates: (batch) => unprotected.apply(batch),
    onStatus: () => {},
  });
  syncer.start();
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await clock.advanceAsync(1);
  };
  await settle();
  const stop = async (): Promise<void> => {
    await syncer.stop();
  };
  return { store, unprotected, warned, settle, stop };
}

t.test('what is not enforced is told of, once in the log, until it is gone; what is enforced is not', async (t) => {
  const { store, unprotected, warned, settle, stop } = await bench();
  await store.create(newResource('NetworkPolicy', { name: 'p', namespace: 'web' }, DENY as never));
  await store.create(newResource('GlobalNetworkPolicy', { name: 'g' }, { selector: 'all()' }));
  await store.create(newResource('Tier', { name: 'security' }, { order: 10 }));
  await store.create(newResource('Profile', { name: 'closed' }, { ingress: [{ action: 'Deny' }] }));
  await settle();
  t.same([...unprotected.problems(), ...unprotected.remarks()], []);
  await store.create(newResource('HostEndpoint', { name: 'h' }, { node: 'a', interfaceName: 'eth0' }));
  await settle();
  t.match(unprotected.problems(), [/NOT ENFORCED.*: 1 HostEndpoint \(.*h.*can reach each other/]);
  t.match(unprotected.remarks(), [{ reason: 'NotEnforced', message: /HostEndpoint\(h\) is stored, and enforced by/ }]);
  t.equal(warned.length, 1);
  for (const { about } of unprotected.remarks()) await store.delete(about);
  await settle();
  t.same([...unprotected.problems(), ...unprotected.remarks()], []);
  await stop();
});

t.test('settings that protect and are not acted on are told of by the nodes that they are for', async (t) => {
  const { unprotected, stop } = await bench();
  const drop = { defaultEndpointToHostAction: 'Drop' } as const;
  unprotected.apply([
    put('FelixConfiguration', 'default', { ...drop, bpfEnabled: false, wireguardEnabled: true }),
    put('FelixConfiguration', 'node.a', { prometheusMetricsCertFile: '/c' }),
    put('FelixConfiguration', 'node.b', { ...drop }),
    put('FelixConfiguration', 'secure', { nodeSelector: 'all()' }),
  ]);
  t.match(unprotected.problems(), [
    /^FelixConfiguration\(default\) defaultEndpointToHostAction has no effect: pods reach the host’s own ports/,
    /^FelixConfiguration\(node\.a\) prometheusMetricsCertFile has no effect/,
    /^FelixConfiguration\(secure\) nodeSelector has no effect/,
  ]);
  unprotected.apply([put('FelixConfiguration', 'default', {}), put('FelixConfiguration', 'node.a', {})]);
  t.equal(unprotected.problems().length, 1);
  await stop();
});

t.test('a running node says so in its status, and is ready all the same', async (t) => {
  const { daemon, store } = await loneDaemon(t);
  t.notMatch(daemon.status().problems, /NOT ENFORCED/);
  await store.create(newResource('HostEndpoint', { name: 'h' }, { node: 'other', interfaceName: 'eth0' }));
  await store.create(newResource('FelixConfiguration', { name: 'node.n1' }, { defaultEndpointToHostAction: 'Drop' }));
  const told = (): string => daemon.status().problems.join('\n');
  const isTold = async (): Promise<boolean> => /NOT ENFORCED.*1 HostEndpoint/.test(told());
  await until(systemClock, 'the status to tell of the policy', isTold);
  await until(systemClock, 'the status to tell of the setting', async () => /defaultEndpointToHostAction/.test(told()));
  t.ok(daemon.status().serving);
});
