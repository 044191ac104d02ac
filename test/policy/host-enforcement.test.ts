import t from 'tap';
import type { CaseObject } from '../../src/policy/cases/format.ts';
import { Scene } from '../../src/policy/cases/scene.ts';
import { hostEnforcementOf } from '../../src/policy/index.ts';

const hostEndpoint = (name: string, node: string, interfaceName: string, labels = {}): CaseObject => ({
  kind: 'HostEndpoint',
  metadata: { name, labels },
  spec: { node, interfaceName },
});
const globalPolicy = (name: string, spec: object): CaseObject => ({
  kind: 'GlobalNetworkPolicy',
  metadata: { name },
  spec: { selector: "role == 'edge'", ...spec },
});

function enforcementOf(...objects: readonly CaseObject[]) {
  const scene = new Scene({ namespaces: {}, pods: [], serviceAccounts: {}, nodes: [] });
  scene.change({ apply: [...objects], delete: [], labels: [], expect: [] });
  return hostEnforcementOf(scene.world().world, 'here');
}

t.test('an endpoint has a class in each hook that asks it anything, and always one for the host itself', async (t) => {
  const { endpoints, policies } = enforcementOf(
    hostEndpoint('edge', 'here', 'eth0', { role: 'edge' }),
    hostEndpoint('bare', 'here', 'eth1'),
    hostEndpoint('elsewhere', 'there', 'eth0', { role: 'edge' }),
    globalPolicy('early', { doNotTrack: true, applyOnForward: true, types: ['Ingress', 'Egress'] }),
    globalPolicy('through', { applyOnForward: true, types: ['Ingress'] }),
    globalPolicy('before', { preDNAT: true, applyOnForward: true, types: ['Ingress'] }),
  );
  t.same([...endpoints.keys()], ['edge', 'bare']);
  t.same(Object.keys(endpoints.get('edge')!.classes), [
    'untracked ingress',
    'untracked egress',
    'pre-dnat ingress',
    'normal ingress',
    'normal egress',
    'forward ingress',
  ]);
  t.same(Object.keys(endpoints.get('bare')!.classes), ['normal ingress', 'normal egress']);
  t.equal(policies.size, 3);
});

t.test('policy for what passes through is asked for the host’s own traffic too', async (t) => {
  const { endpoints, classes } = enforcementOf(
    hostEndpoint('edge', 'here', 'eth0', { role: 'edge' }),
    globalPolicy('through', { applyOnForward: true, types: ['Ingress'] }),
    globalPolicy('own', { types: ['Ingress'] }),
  );
  const asked = (where: 'normal ingress' | 'forward ingress') =>
    classes.get(endpoints.get('edge')!.classes[where]!)!.tiers.flatMap(({ policies }) => policies);
  t.same(asked('normal ingress'), ['GlobalNetworkPolicy own', 'GlobalNetworkPolicy through']);
  t.same(asked('forward ingress'), ['GlobalNetworkPolicy through']);
});

t.test('the endpoint of all interfaces has no policy before tracking', async (t) => {
  const { endpoints } = enforcementOf(
    hostEndpoint('all', 'here', '*', { role: 'edge' }),
    globalPolicy('early', { doNotTrack: true, applyOnForward: true, types: ['Ingress', 'Egress'] }),
  );
  t.same(Object.keys(endpoints.get('all')!.classes), ['normal ingress', 'normal egress']);
});

t.test('endpoints that are asked the same share their classes', async (t) => {
  const { classes } = enforcementOf(
    hostEndpoint('a', 'here', 'eth0', { role: 'edge' }),
    hostEndpoint('b', 'here', 'eth1', { role: 'edge' }),
    globalPolicy('own', {
      types: ['Ingress', 'Egress'],
      ingress: [{ action: 'Allow', source: { selector: 'all()' } }],
    }),
  );
  t.equal(classes.size, 2);
});
