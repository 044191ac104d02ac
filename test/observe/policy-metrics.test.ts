import { Registry } from 'prom-client';
import t from 'tap';
import { definePolicyMetrics } from '../../src/observe/policy-metrics.ts';

t.test('drops are counted by policy, from one look, and disagreements are told', async (t) => {
  const registry = new Registry();
  let looks = 0;
  const drops = async () => {
    looks++;
    const shut = { tier: 'default', policy: 'NetworkPolicy red/shut', direction: 'ingress' };
    return [
      { ...shut, packets: 3, bytes: 120 },
      { ...shut, packets: 4, bytes: 160 },
      { tier: 'default', direction: 'egress', packets: 1, bytes: 40 },
    ];
  };
  definePolicyMetrics([registry], { drops, disagreements: () => 2 });
  const lines = (await registry.metrics()).split('\n').filter((line) => !line.startsWith('#') && line !== '');
  t.same(lines.sort(), [
    'vrouter_policy_denied_bytes_total{tier="default",policy="",direction="egress"} 40',
    'vrouter_policy_denied_bytes_total{tier="default",policy="NetworkPolicy red/shut",direction="ingress"} 280',
    'vrouter_policy_denied_packets_total{tier="default",policy="",direction="egress"} 1',
    'vrouter_policy_denied_packets_total{tier="default",policy="NetworkPolicy red/shut",direction="ingress"} 7',
    'vrouter_policy_disagreements 2',
  ]);
  t.equal(looks, 1);
});

t.test('rules beyond some thousands are counted together', async (t) => {
  const registry = new Registry();
  const rules = async () =>
    Array.from({ length: 5003 }, (_, at) => ({
      ...{
        tier: 'default',
        namespace: 'red',
        policy: 'NetworkPolicy red/many',
        rule: String(at),
        direction: 'ingress',
      },
      ...{ verdict: 'allow' as const, packets: 2, bytes: 80 },
    }));
  definePolicyMetrics([registry], { drops: async () => [], disagreements: () => 0, rules });
  const lines = (await registry.metrics())
    .split('\n')
    .filter((line) => line.startsWith('vrouter_policy_packets_total{'));
  t.equal(lines.length, 5001);
  t.match(lines, [...Array(5000).fill(/ 2$/), /policy="others",rule="",direction="ingress",verdict="allow"} 6$/]);
  t.match(await registry.metrics(), /allowed_packets_total\{.*\} 10006$/m);
});

t.test('a thousand policies have series of their own, and those beyond share one', async (t) => {
  const registry = new Registry();
  const policies = Array.from({ length: 1003 }, (_, at) => ({
    ...{ tier: 'default', namespace: 'red', policy: `NetworkPolicy red/p${at}`, rule: '0', direction: 'ingress' },
    ...{ packets: 2, bytes: 80 },
  }));
  const rules = async () => policies.map((one) => ({ ...one, verdict: 'allow' as const }));
  definePolicyMetrics([registry], { drops: async () => policies, disagreements: () => 0, rules });
  const text = await registry.metrics();
  for (const [name, sum] of Object.entries({ denied_packets: 6, denied_bytes: 240, allowed_packets: 6 })) {
    const lines = text.split('\n').filter((line) => line.startsWith(`vrouter_policy_${name}_total{`));
    t.equal(lines.length, 1001, name);
    t.ok(lines.includes(`vrouter_policy_${name}_total{tier="",policy="others",direction="ingress"} ${sum}`), name);
  }
});

t.test('a kernel that can not be read now shows no drops, and the other metrics all the same', async (t) => {
  const registry = new Registry();
  const drops = () => Promise.reject(new Error('ENOBUFS'));
  definePolicyMetrics([registry], { drops, disagreements: () => 0 });
  t.match(await registry.metrics(), /vrouter_policy_disagreements 0/);
});
