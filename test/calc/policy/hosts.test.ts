import t from 'tap';
import { PLAIN_SETTINGS } from '../../../src/calc/desired/index.ts';
import { Calculation } from '../../../src/calc/index.ts';
import { failsafesOf } from '../../../src/calc/policy/hosts.ts';
import { read } from '../../../src/model/index.ts';
import { gone, put } from '../resources.ts';

function calculation(...updates: Parameters<Calculation['apply']>[0]): Calculation {
  const made = new Calculation({ nodename: 'a' });
  made.apply(updates);
  return made;
}

t.test('a host endpoint of this node is asked, with the failsafes of the settings', async (t) => {
  const host = put('HostEndpoint', 'h', { node: 'a', interfaceName: 'eth0' });
  const made = calculation(host);
  const { hosts } = made.desired().policy!;
  t.same([...hosts!.endpoints.keys()], ['h']);
  t.match(hosts!.failsafes.inbound, [{ protocol: 6, port: 22 }]);
  made.apply([
    put('FelixConfiguration', 'default', {
      failsafeInboundHostPorts: [{ protocol: 'UDP', port: 53, net: '10.0.0.0/8' }],
      failsafeOutboundHostPorts: [],
    }),
  ]);
  const { failsafes, endpoints } = made.desired().policy!.hosts!;
  t.match(failsafes, { inbound: [{ protocol: 17, port: 53, net: { length: 8 } }], outbound: [] });
  t.equal(endpoints, hosts!.endpoints);
  made.apply([gone('HostEndpoint', 'h')]);
  t.equal(made.desired().policy, undefined);
});

t.test('another node’s host endpoint is an identity here, and nothing more', async (t) => {
  const made = calculation(put('HostEndpoint', 'h', { node: 'b', interfaceName: 'eth0', expectedIPs: ['10.9.0.2'] }));
  t.equal(made.desired().policy?.hosts, undefined);
  t.equal(made.world().endpoints.length, 1);
});

t.test('what pods may say to their host is the settings’ word, with or without a policy', async (t) => {
  const drop = put('FelixConfiguration', 'default', { defaultEndpointToHostAction: 'Drop' });
  const policy = put('GlobalNetworkPolicy', 'g', { selector: 'all()' });
  t.equal(calculation(drop).desired().policy?.endpointToHost, 'Drop');
  t.equal(calculation(policy, drop).desired().policy?.endpointToHost, 'Drop');
  t.equal(calculation(policy).desired().policy?.endpointToHost, 'Drop', 'as by Calico');
  t.equal(calculation().desired().policy, undefined);
  const accepting = new Calculation({ nodename: 'a', environment: { defaultEndpointToHostAction: 'Accept' } });
  accepting.apply([policy, drop]);
  t.equal(accepting.desired().policy?.endpointToHost, 'Accept', 'the environment goes before');
});

t.test('how rules are written is the settings’ word, and a change of it is no change of the rules', async (t) => {
  const made = calculation(put('GlobalNetworkPolicy', 'g', { selector: 'all()' }));
  const before = made.desired().policy!;
  t.same(before.settings, PLAIN_SETTINGS);
  made.apply([
    put('FelixConfiguration', 'default', {
      disableConntrackInvalidCheck: true,
      logPrefix: '%n',
      logActionRateLimit: '',
      iptablesFilterDenyAction: 'Reject',
      iptablesMarkMask: 0x1f000,
      maxIpsetSize: 5000,
    }),
  ]);
  const now = made.desired().policy!;
  t.same(now.settings, {
    ...{ dropsInvalid: false, logPrefix: '%n', logRate: '', logBurst: 5, rejects: true },
    marks: { accept: 0x1000, pass: 0x2000, local: 0x4000 },
    maxSetSize: 5000,
  });
  t.equal(now.policies, before.policies);
  t.equal(made.desired().host.problems, undefined);
  made.apply([put('FelixConfiguration', 'default', { nftablesMarkMask: 0x7 })]);
  t.match(made.desired().host.problems, [/nftablesMarkMask 0x7 has 3 bits/]);
});

t.test('a size of sets that is none is as if it were not set, as in Felix', async (t) => {
  const calculation = new Calculation({ nodename: 'a' });
  for (const maxIpsetSize of [0, -1]) {
    calculation.apply([
      put('FelixConfiguration', 'default', { maxIpsetSize }),
      put('GlobalNetworkPolicy', 'p', { selector: 'all()' }),
    ]);
    t.match(calculation.desired().policy?.settings, { maxSetSize: 1_048_576 }, String(maxIpsetSize));
  }
});

t.test('failsafes that are not understood lock nobody out: those of before hold, or Calico’s own', async (t) => {
  const stored = (ports: readonly object[]) => ({
    ...{ apiVersion: 'projectcalico.org/v3', kind: 'FelixConfiguration', metadata: { name: 'default' } },
    spec: { failsafeInboundHostPorts: ports },
  });
  const opened = (resource: ReturnType<typeof read<'FelixConfiguration'>>['resource']) =>
    failsafesOf(resource?.spec ?? {}).inbound.map(({ port }) => port);
  const wrong = stored([{ protocol: 'tcp', port: 22 }]);
  const { resource, problem } = read('FelixConfiguration', wrong);
  t.match(opened(resource), [22, 179]);
  t.match(problem, /FailsafeInboundHostPorts\[0\]/);
  const before = read('FelixConfiguration', stored([{ protocol: 'TCP', port: 2222 }])).resource;
  t.same(opened(before), [2222]);
  t.same(opened(read('FelixConfiguration', wrong, before).resource), [2222]);
  t.same(opened(read('FelixConfiguration', stored([]), before).resource), [], 'none at all is understood');
});
