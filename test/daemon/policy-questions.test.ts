import t from 'tap';
import { systemClock } from '../../src/base/index.ts';
import { countedDropsSchema, effectiveSchema, whySchema } from '../../src/control/answers.ts';
import { RequestRefused, request, type WhyAnswer } from '../../src/control/index.ts';
import { until } from '../../src/lab/until.ts';
import { newResource } from '../../src/model/index.ts';
import { loneDaemon } from './lone-daemon.ts';

t.setTimeout(120_000);

t.test('a running daemon says why, of its own pods', async (t) => {
  const { add, socket, store } = await loneDaemon(t);
  const args = (name: string) => ({ K8S_POD_NAMESPACE: 'red', K8S_POD_NAME: name });
  await add('one', args('web'));
  await add('two', args('db'));
  const why = (destination: string, carried: string): Promise<WhyAnswer> =>
    request(socket, { op: 'policy.why', source: 'red/web', destination, carried }, whySchema);
  t.match(await why('red/db', 'tcp/80'), { allowed: true, verdicts: [{ ingress: { isHere: true } }] });

  const spec = {
    selector: 'all()',
    types: ['Ingress' as const],
    ingress: [{ action: 'Deny' as const, protocol: 'TCP', destination: { ports: [80] } }, { action: 'Allow' as const }],
  };
  await store.create(newResource('NetworkPolicy', { name: 'shut', namespace: 'red' }, spec));
  await until(systemClock, 'the policy to be known', async () => !(await why('red/db', 'tcp/80')).allowed);
  t.match(await why('red/db', 'tcp/80'), {
    verdicts: [
      {
        ingress: {
          endpoint: 'red/db',
          allowed: false,
          tier: 'default',
          policy: 'NetworkPolicy red/shut',
          rule: { index: 0 },
        },
        egress: { endpoint: 'red/web', allowed: true },
        kernel: { words: 'its tables can not be read here' },
      },
    ],
  });
  t.match(await why('red/db', 'tcp/81'), { allowed: true });
  t.match(await why('1.1.1.1', 'tcp/80'), { allowed: true });

  const effective = await request(socket, { op: 'policy.effective', pod: 'red/db' }, effectiveSchema);
  t.match(effective, { directions: [{ direction: 'ingress', tiers: [{ tier: 'default' }] }, { tiers: [] }] });
  t.same(await request(socket, { op: 'drops.counted' }, countedDropsSchema), []);

  const refused = await why('red/dc', 'tcp/80').catch((error: unknown) => error);
  t.ok(refused instanceof RequestRefused);
  t.match(refused, { code: 'UNKNOWN_END', message: /"red\/dc"; there is red\/db/ });
});
