import t from 'tap';
import { Calculation } from '../../src/calc/index.ts';
import { gone, pod, put } from './resources.ts';

const slice = (name: string, service: string, addresses: readonly string[]) =>
  put(
    'KubernetesEndpointSlice',
    name,
    { service, addresses: [...addresses], ports: [{ protocol: 'TCP', port: 80 }] },
    { namespace: 'web' },
  );

const policy = put(
  'NetworkPolicy',
  'to-api',
  {
    selector: 'all()',
    types: ['Egress'],
    egress: [{ action: 'Allow', destination: { services: { namespace: 'web', name: 'api' } } }],
  },
  { namespace: 'default' },
);

t.test('what is behind services wakes nobody until a rule names the service, and then at once', async (t) => {
  const calculation = new Calculation({ nodename: 'a' });
  calculation.apply([{ ...pod('a', 'p', '10.0.0.1', { profiles: [] }) }]);
  calculation.desired();
  t.equal(calculation.apply([slice('api-1', 'api', ['10.0.0.7'])]), false);
  t.equal(calculation.apply([slice('other-1', 'other', ['10.0.0.8'])]), false);
  t.equal(calculation.apply([policy]), true);
  const members = (): string[] => [
    ...[...(calculation.desired().policy?.sets ?? [])].flatMap(([, { members: all }]) => [...all.keys()]),
  ];
  t.same(members(), ['10.0.0.7 . 6 . 80'], 'what came before the policy counts');
  t.equal(calculation.apply([slice('other-1', 'other', ['10.0.0.9'])]), false, 'of another service');
  t.equal(calculation.apply([slice('api-2', 'api', ['fd00::7'])]), true, 'a second slice');
  t.same(members().sort(), ['10.0.0.7 . 6 . 80', 'fd00::7 . 6 . 80']);
  t.equal(calculation.apply([slice('api-2', 'api', ['fd00::7'])]), false, 'the same again');
  t.equal(calculation.apply([slice('api-2', '', ['fd00::7'])]), true, 'it is nobody’s any more');
  t.same(members(), ['10.0.0.7 . 6 . 80']);
  t.equal(calculation.apply([gone('KubernetesEndpointSlice', 'api-1', 'web')]), true);
  t.same(members(), []);
  t.equal(calculation.apply([gone('NetworkPolicy', 'to-api', 'default')]), true);
  calculation.desired();
  t.equal(calculation.apply([slice('api-1', 'api', ['10.0.0.7'])]), false, 'nobody asks any more');
});
