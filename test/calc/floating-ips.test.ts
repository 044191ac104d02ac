import t from 'tap';
import { Calculation, type SourceUpdate } from '../../src/calc/index.ts';
import { claimed, node, pod, pool, put } from './resources.ts';
import { listed } from './tunnels.ts';

const ENABLED = put('FelixConfiguration', 'default', { floatingIPs: 'Enabled' });
const BASE = [node('a', '10.0.0.1'), pool('p', '10.244.0.0/16'), ...claimed('a', '10.244.1.0/26'), ENABLED];

function floating(name: string, internalIP: string, ...externals: readonly string[]): SourceUpdate {
  return pod('a', name, internalIP, { ipNATs: externals.map((externalIP) => ({ internalIP, externalIP })) });
}

function desired(...updates: readonly SourceUpdate[]) {
  const made = new Calculation({ nodename: 'a' });
  made.apply([...BASE, ...updates]);
  return made.desired();
}

/** `external>internal` of all that this node has. */
function given(...updates: readonly SourceUpdate[]): readonly string[] {
  return desired(...updates).nat.floatingIps.map(({ external, internal }) => `${external}>${internal}`);
}

t.test('a floating IP leads to its pod, where FelixConfiguration has them enabled', async (t) => {
  const web = floating('web', '10.244.1.2', '203.0.113.7', '203.0.113.8');
  const { workloads, nat } = desired(web);
  t.same(workloads[0].floatingIps, [
    { external: '203.0.113.7', internal: '10.244.1.2' },
    { external: '203.0.113.8', internal: '10.244.1.2' },
  ]);
  t.equal(nat.floatingIps[0].why, 'floating IP of endpoint default/a-k8s-web-eth0');
  const off = put('FelixConfiguration', 'default', { floatingIPs: 'Disabled' });
  t.same(given(web, off), []);
  t.same(given(web, put('FelixConfiguration', 'default', {})), [], 'Disabled is the default');
});

t.test('it is announced as a borrowed address is: inside a pool, outside our blocks', async (t) => {
  const web = floating('web', '10.244.1.2', '10.244.1.60', '10.244.200.7', '203.0.113.7');
  t.same(listed(desired(web).bgp?.announce), [
    { cidr: '10.244.1.0/26', why: 'own block' },
    { cidr: '10.244.200.7/32', why: 'floating IP of default/a-k8s-web-eth0', interfaceName: 'caliweb' },
  ]);
});

t.test('of two pods with one floating IP, that with the alphabetically first address has it', async (t) => {
  const two = [floating('x', '10.244.1.9', '203.0.113.7'), floating('y', '10.244.1.10', '203.0.113.7')];
  t.same(given(...two), ['203.0.113.7>10.244.1.10']);
  t.same(given(...two.reverse()), ['203.0.113.7>10.244.1.10'], 'whichever came first');
});

t.test('what makes no sense is nobody’s floating IP', async (t) => {
  const nats = (internalIP: string, externalIP: string) =>
    pod('a', 'web', '10.244.1.2', { ipNATs: [{ internalIP, externalIP }] });
  t.same(given(nats('10.244.1.3', '203.0.113.7')), [], 'for an address that the pod has not');
  t.same(given(nats('10.244.1.2', '2001:db8::7')), [], 'of another family');
  t.same(given(nats('10.244.1.2', '10.244.1.4'), pod('a', 'own', '10.244.1.4')), [], 'another pod’s own address');
});

t.test('the pods’ changes leave NAT the same object while no floating IP changes', async (t) => {
  const made = new Calculation({ nodename: 'a' });
  made.apply([...BASE, floating('web', '10.244.1.2', '203.0.113.7')]);
  const { nat } = made.desired();
  made.apply([pod('a', 'other', '10.244.1.3')]);
  t.equal(made.desired().nat, nat);
});
