import t from 'tap';
import { addressPlan } from '../../src/daemon/address-plan.ts';
import { networkConfig } from '../../src/daemon/network-config.ts';

const P = 'cni.projectcalico.org/';
const conf = (more: object = {}) => networkConfig({ cniVersion: '1.0.0', name: 'net', ...more });
const free = { feature_control: { ip_addrs_no_ipam: true } };
const floating = { feature_control: { floating_ips: true } };

t.test('without annotations the configuration decides', async (t) => {
  t.same(addressPlan({}, {}, conf()), { kind: 'auto', num4: 1, num6: 0 });
  const both = conf({ ipam: { assign_ipv6: 'true', ipv4_pools: ['a'], ipv6_pools: ['b'] } });
  t.same(addressPlan({}, {}, both), { kind: 'auto', num4: 1, num6: 1, pools4: ['a'], pools6: ['b'] });
});

t.test('the pod comes before its namespace, which comes before the configuration', async (t) => {
  const config = conf({ ipam: { ipv4_pools: ['conf'] } });
  const namespace = { [`${P}ipv4pools`]: '["ns"]', [`${P}ipFamilies`]: '["IPv4","IPv6"]' };
  t.match(addressPlan({}, namespace, config), { num4: 1, num6: 1, pools4: ['ns'] });
  const pod = { [`${P}ipv4pools`]: '["10.1.0.0/16"]', [`${P}ipFamilies`]: '["IPv4"]' };
  t.match(addressPlan(pod, namespace, config), { num4: 1, num6: 0, pools4: ['10.1.0.0/16'] });
});

t.test('addresses that are asked for by name come from IPAM, or past it where that is allowed', async (t) => {
  t.same(addressPlan({ [`${P}ipAddrs`]: '["10.0.0.5","FD00::5"]' }, {}, conf()), {
    kind: 'fixed',
    addresses: ['10.0.0.5', 'fd00::5'],
    ipam: true,
  });
  const past = addressPlan({ [`${P}ipAddrsNoIpam`]: '["10.0.0.5"]' }, {}, conf(free));
  t.same(past, { kind: 'fixed', addresses: ['10.0.0.5'], ipam: false });
});

t.test('a MAC goes with either', async (t) => {
  t.match(addressPlan({ [`${P}hwAddr`]: '1C:0C:0A:C0:FF:EE' }, {}, conf()), { kind: 'auto', mac: '1c:0c:0a:c0:ff:ee' });
});

t.test('an empty annotation says as little as none', async (t) => {
  const empty = Object.fromEntries(
    ['ipAddrs', 'ipv4pools', 'floatingIPs', 'allowedSourcePrefixes'].map((name) => [P + name, '']),
  );
  const namespace = { [`${P}ipv4pools`]: '["ns"]' };
  t.same(addressPlan(empty, namespace, conf()), { kind: 'auto', num4: 1, num6: 0, pools4: ['ns'] });
});

t.test('floating IPs go with either, where the configuration has them', async (t) => {
  const pod = { [`${P}floatingIPs`]: '["203.0.113.7","2001:DB8::7"]' };
  t.match(addressPlan(pod, {}, conf(floating)), { kind: 'auto', floatingIps: ['203.0.113.7', '2001:db8::7'] });
});

/** Annotations that are refused, and the words that say why. */
const WRONG: readonly (readonly [pod: Record<string, string>, config: object, why: RegExp])[] = [
  [{ ipAddrs: '10.0.0.5' }, {}, /ipAddrs: '10.0.0.5' is not JSON/],
  [{ ipAddrs: '"10.0.0.5"' }, {}, /ipAddrs: .* is not a list/],
  [{ ipAddrs: '[]' }, {}, /ipAddrs: .* is not a list/],
  [{ ipAddrs: '[5]' }, {}, /ipAddrs: .* is not a list/],
  [{ ipAddrs: '["10.0.0"]' }, {}, /ipAddrs: '10.0.0' is not an IP address/],
  [{ ipAddrs: '["10.0.0.5","10.0.0.6"]' }, {}, /ipAddrs: at most one address of each family/],
  [{ ipAddrs: '["10.0.0.5"]', ipAddrsNoIpam: '["10.0.0.6"]' }, free, /ipAddrs: cannot stand beside ipAddrsNoIpam/],
  [{ ipAddrsNoIpam: '["10.0.0.6"]' }, {}, /ipAddrsNoIpam: needs feature_control.ip_addrs_no_ipam/],
  [{ ipv4pools: 'pool' }, {}, /ipv4pools: 'pool' is not JSON/],
  [{ ipv6pools: '{}' }, {}, /ipv6pools: '{}' is not a list/],
  [{ ipFamilies: '["IPv5"]' }, {}, /ipFamilies: 'IPv5' is neither/],
  [{ hwAddr: '1c:0c' }, {}, /hwAddr: '1c:0c' is not a MAC/],
  [{ hwAddr: '01:00:5e:00:00:01' }, {}, /hwAddr: .* is the address of a group/],
  [{ floatingIPs: '["10.0.0.9"]' }, {}, /floatingIPs: needs feature_control.floating_ips/],
  [{ allowedSourcePrefixes: '["10.0.0"]' }, {}, /allowedSourcePrefixes: '10.0.0' is not a CIDR/],
  [{ allowedSourcePrefixes: '10.0.0.0/8' }, {}, /allowedSourcePrefixes: .* is not JSON/],
  [{ floatingIPs: '10.0.0.9' }, floating, /floatingIPs: '10.0.0.9' is not JSON/],
  [{ floatingIPs: '[]' }, floating, /floatingIPs: .* is not a list/],
  [{ floatingIPs: '["10.0.0.9/32"]' }, floating, /floatingIPs: '10.0.0.9\/32' is not an IP address/],
];
for (const [pod, config, message] of WRONG) {
  t.test(`refused: ${JSON.stringify(pod)}`, async (t) => {
    const annotations = Object.fromEntries(Object.entries(pod).map(([name, value]) => [P + name, value]));
    t.throws(() => addressPlan(annotations, {}, conf(config)), { cniCode: 7, message });
  });
}
