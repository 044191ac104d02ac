import t from 'tap';
import { whatIsMissing } from '../../src/lab/convergence.ts';
import { status } from './status.ts';

const up = { '172.18.0.12': 'Established' };
const one = status('node1', ['10.244.0.0/26'], up);
const two = status('node2', ['10.244.0.64/26'], { '172.18.0.11': 'Established' });
const routes = [
  ['blackhole 10.244.0.0/26 proto 80', '10.244.0.64/26 via 172.18.0.12 dev eth0 proto 80'],
  ['10.244.0.0/26 via 172.18.0.11 dev eth0 proto 80', 'blackhole 10.244.0.64/26 proto 80'],
];

t.test('a cluster is converged when nothing is missing', async (t) => {
  t.equal(whatIsMissing([one, two], routes), undefined);
  t.equal(whatIsMissing([status('alone', ['10.244.0.0/26'], {})], [[]]), undefined);
  t.equal(whatIsMissing([], []), undefined);
});

t.test('a session or a route that is missing is named', async (t) => {
  const connecting = status('node1', [], { '172.18.0.12': 'Connect connecting' });
  t.equal(whatIsMissing([connecting, two], routes), 'node1 has 0 of 1 sessions');
  t.equal(whatIsMissing([one, two], routes, 2), 'node1 has 1 of 2 sessions', 'one in each family');
  t.equal(whatIsMissing([one, two], [routes[0], []]), 'node2 has no route to 10.244.0.0/26 of node1');
});
