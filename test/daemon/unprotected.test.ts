import t from 'tap';
import { systemClock } from '../../src/base/index.ts';
import { Unprotected } from '../../src/daemon/unprotected.ts';
import { until } from '../../src/lab/until.ts';
import { newResource } from '../../src/model/index.ts';
import { gone, put } from '../calc/resources.ts';
import { loneDaemon } from './lone-daemon.ts';

t.test('settings that protect and are not acted on are told of by the nodes that they are for', async (t) => {
  const unprotected = new Unprotected({ nodename: 'a', environment: {} });
  const exposed = { policySyncPathPrefix: '/var/run' } as const;
  unprotected.apply([
    put('FelixConfiguration', 'default', { ...exposed, bpfEnabled: false, wireguardEnabled: true }),
    put('FelixConfiguration', 'node.a', { prometheusMetricsCertFile: '/c' }),
    put('FelixConfiguration', 'node.b', { ...exposed }),
    put('FelixConfiguration', 'secure', { nodeSelector: 'all()' }),
  ]);
  t.match(unprotected.problems(), [
    /^FelixConfiguration\(default\) policySyncPathPrefix has no effect: there is no policy of the application layer/,
    /^FelixConfiguration\(node\.a\) prometheusMetricsCertFile has no effect/,
    /^FelixConfiguration\(secure\) nodeSelector has no effect/,
  ]);
  t.match(unprotected.remarks()[0], { about: { name: 'default' }, reason: 'NotEnforced' });
  unprotected.apply([put('FelixConfiguration', 'default', {}), gone('FelixConfiguration', 'node.a')]);
  t.equal(unprotected.problems().length, 1);
});

t.test('a setting that the environment goes before is told of, unless both say the same', async (t) => {
  const unprotected = new Unprotected({ nodename: 'a', environment: { defaultEndpointToHostAction: 'Accept' } });
  unprotected.apply([put('FelixConfiguration', 'default', { defaultEndpointToHostAction: 'Drop' })]);
  t.match(unprotected.problems(), [/has no effect: FELIX_DEFAULTENDPOINTTOHOSTACTION in .* says Accept/]);
  unprotected.apply([put('FelixConfiguration', 'default', { defaultEndpointToHostAction: 'Accept' })]);
  t.same(unprotected.problems(), []);
});

t.test(
  'a running node says so in its status, and is ready all the same; what is enforced it passes over',
  async (t) => {
    const environment = { FELIX_DEFAULTENDPOINTTOHOSTACTION: 'ACCEPT' };
    const { daemon, store } = await loneDaemon(t, { environment });
    await store.create(newResource('HostEndpoint', { name: 'h' }, { node: 'other', interfaceName: 'eth0' }));
    await store.create(newResource('FelixConfiguration', { name: 'node.n1' }, { defaultEndpointToHostAction: 'Drop' }));
    const told = (): string => daemon.status().problems.join('\n');
    await until(systemClock, 'the status to tell of the setting', async () =>
      /defaultEndpointToHostAction/.test(told()),
    );
    t.notMatch(told(), /HostEndpoint/);
    t.ok(daemon.status().serving);
  },
);
