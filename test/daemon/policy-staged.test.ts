import t from 'tap';
import { stagedChanges } from '../../src/daemon/policy-staged.ts';
import type { TrackedConnection } from '../../src/netlink/index.ts';
import { Scene } from '../../src/policy/cases/scene.ts';

const spec = (action: string) => ({
  tier: 'default',
  selector: 'all()',
  types: ['Ingress'],
  ingress: [{ action: 'Deny', protocol: 'TCP', destination: { ports: [80] } }, { action }],
});
const object = (kind: string, name: string, given: object) => ({
  apiVersion: 'projectcalico.org/v3',
  kind,
  metadata: { name, namespace: 'red' },
  spec: given,
});

function world(objects: readonly object[]) {
  const scene = new Scene({
    namespaces: { red: {} },
    serviceAccounts: {},
    nodes: [],
    pods: [
      { namespace: 'red', name: 'web', ip: '10.0.0.1', labels: {}, ports: [], hostNetwork: false },
      { namespace: 'red', name: 'db', ip: '10.0.0.2', labels: {}, ports: [], hostNetwork: false },
    ],
  });
  scene.change({ apply: objects as never, delete: [], labels: [], expect: [] });
  return scene.world().world;
}

/** From web to a service whose only pod is db. */
function flow(port: number): TrackedConnection {
  return {
    family: 4,
    protocol: 6,
    original: { source: '10.0.0.1', destination: '10.96.0.1', sourcePort: 40_000, destinationPort: 443 },
    reply: { source: '10.0.0.2', destination: '10.0.0.1', sourcePort: port, destinationPort: 40_000 },
    id: 1,
    zone: 0,
  };
}

const FLOWS = [flow(80), flow(81)];
const told = (objects: readonly object[]) =>
  stagedChanges(world(objects), FLOWS).changed.map(({ destinationPort, now, ifStaged }) => [
    destinationPort,
    now,
    ifStaged,
  ]);

t.test('without a staged policy there is nothing to compare', async (t) => {
  t.same(stagedChanges(world([object('NetworkPolicy', 'a', spec('Allow'))]), FLOWS), {
    isStaged: false,
    flows: 0,
    changed: [],
    more: 0,
  });
});

t.test('flows whose verdict would change are told, with what would decide', async (t) => {
  const answer = stagedChanges(world([object('StagedNetworkPolicy', 'a', spec('Allow'))]), FLOWS);
  t.match(answer, { isStaged: true, flows: 2, more: 0, changed: { length: 1 } });
  t.match(answer.changed[0], {
    source: 'red/web (10.0.0.1)',
    destination: 'red/db (10.0.0.2)',
    protocol: 'tcp',
    destinationPort: 80,
    now: true,
    ifStaged: false,
    by: /^ingress: Deny rule 0 of NetworkPolicy red\/a/,
  });
});

t.test('a staged policy takes the place of its namesake, or takes it away', async (t) => {
  const [open, shut] = [object('NetworkPolicy', 'a', spec('Allow')), object('NetworkPolicy', 'a', spec('Deny'))];
  t.same(told([shut, object('StagedNetworkPolicy', 'a', spec('Allow'))]), [[81, false, true]]);
  t.same(told([open, object('StagedNetworkPolicy', 'a', { ...spec('Allow'), stagedAction: 'Delete' })]), [
    [80, false, true],
  ]);
  t.same(told([open, object('StagedNetworkPolicy', 'a', { ...spec('Deny'), stagedAction: 'Ignore' })]), []);
});
