import t from 'tap';
import { addressPlan } from '../../src/endpoints/address-plan.ts';
import { networkConfig } from '../../src/endpoints/network-config.ts';

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

t.test('the address that the runtime names is taken, unless the pod names one', async (t) => {
  const one = { kind: 'fixed', addresses: ['10.244.77.7'], ipam: true };
  t.same(addressPlan({}, {}, conf({ ipam: { ipv4_pools: ['a'] } }), '10.244.77.7'), one);
  t.match(addressPlan({}, {}, conf(), 'FD00::7'), { addresses: ['fd00::7'] });
  t.match(addressPlan({ [`${P}ipAddrs`]: '["10.0.0.5"]' }, {}, conf(), '10.244.77.7'), { addresses: ['10.0.0.5'] });
  t.match(addressPlan({}, {}, conf(), ''), { kind: 'auto' });
  for (const wrong of ['10.0.0.5/24', 'web', '10.0.0']) {
    const says = { code: 'CNI_ARGS', message: /^CNI_ARGS: IP='.*' is not an IP address such as/ };
    t.throws(() => addressPlan({}, {}, conf(), wrong), says, wrong);
  }
});

t.test('flags and numbers are taken as text too; what is refused says what is allowed', async (t) => {
  for (const [text, num4, num6] of [
    ['True', 1, 1],
    ['FALSE', 0, 0],
    [true, 1, 1],
  ] as const) {
    const config = conf({ ipam: { assign_ipv4: text, assign_ipv6: text } });
    t.match(addressPlan({}, {}, config), { num4, num6 }, String(text));
  }
  t.equal(conf({ mtu: '1450' }).mtu, 1450);
  t.equal(conf({ mtu: '0' }).mtu, undefined);
  const flags = /'ipam.assign_ipv4': must be true or false, or the text "true" or "false"/;
  t.throws(() => conf({ ipam: { assign_ipv4: 'yes' } }), { message: flags });
  t.throws(() => conf({ dataplane_options: { type: 'grpc', socket: 'unix:///run/vpp.sock' } }), {
    message: /'dataplane_options.type': must not be there/,
  });
  t.match(conf({ dataplane_options: {} }), { dataplane_options: {} });
  for (const mtu of ['1450 bytes', 1.5, -1, 1, '67', 65536, '99999', [1450]]) {
    t.throws(
      () => conf({ mtu }),
      { message: /'mtu': must be a number from 68 to 65535, or 0, the node's own/ },
      String(mtu),
    );
  }
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

t.test('the network configuration is read as Go reads JSON', async (t) => {
  t.equal(conf({ mtu: '' }).mtu, undefined);
  const nothing = { mtu: null, ipam: { type: 'calico-ipam', assign_ipv4: null, ipv4_pools: null } };
  t.match(conf(nothing), { mtu: undefined, ipam: { assign_ipv4: true, assign_ipv6: false, ipv4_pools: undefined } });
  t.match(conf({ ipam: null, container_settings: null, feature_control: null }), { ipam: { assign_ipv4: true } });
  t.match(conf({ MTU: '1400', IPAM: { Assign_IPv6: 'true', IPv4_Pools: ['a'] } }), {
    mtu: 1400,
    ipam: { assign_ipv6: true, ipv4_pools: ['a'] },
  });
  t.match(conf({ Container_Settings: { Allow_IP_Forwarding: true } }), {
    container_settings: { allow_ip_forwarding: true },
  });
});
