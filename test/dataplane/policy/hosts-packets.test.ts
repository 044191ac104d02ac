import t from 'tap';
import { parsePrefix } from '../../../src/base/index.ts';
import type { CaseObject } from '../../../src/policy/cases/format.ts';
import { Scene } from '../../../src/policy/cases/scene.ts';
import { DEFAULT_FAILSAFES, type HostSettings } from '../../../src/policy/index.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { HostKernelJudge } from './host-kernel-judge.ts';
import { AT, HostLab, type Place } from './host-lab.ts';

/** Host endpoints with real connections: each comes about, or a rule that says so has dropped a packet of it. */
const LINKS = new Map([['eth0', [AT.host[4], AT.host[6]] as string[]]]);
const DNAT = `
table ip proxy {
  chain in { type nat hook prerouting priority -100; iifname eth0 tcp dport 30080 dnat to ${AT.pod[4]}:80; }
  chain out { type nat hook output priority -100; ip daddr 10.96.0.1 tcp dport 80 dnat to ${AT.outside[4]}:443; }
}
table ip6 proxy {
  chain in { type nat hook prerouting priority -100; iifname eth0 tcp dport 30080 dnat to [${AT.pod[6]}]:80; }
  chain out { type nat hook output priority -100; ip6 daddr fd00:96::1 tcp dport 80 dnat to [${AT.outside[6]}]:443; }
}`;
const SERVICE = { 4: '10.96.0.1', 6: 'fd00:96::1' } as const;
const OPEN = 'open';
const DROP = 'drop-';

const hostEndpoint = (spec: object): CaseObject => ({
  kind: 'HostEndpoint',
  metadata: { name: 'h', labels: { host: 'yes' } },
  spec: { node: 'here', ...spec },
});
const policy = (name: string, spec: object): CaseObject => ({
  kind: 'GlobalNetworkPolicy',
  metadata: { name },
  spec: { selector: "host == 'yes'", ...spec },
});
const allow = (port: number) => ({ action: 'Allow', protocol: 'TCP', destination: { ports: [port] } });

t.setTimeout(0);

t.test('host endpoints with packets', needsRoot, async (t) => {
  const lab = await HostLab.make(`vrh${process.pid}`);
  t.teardown(() => lab.remove());
  await lab.run('host', ['nft', '-f', '-'], DNAT);
  const kernel = new HostKernelJudge(lab.namespace('host'), LINKS);
  const enforce = async (objects: readonly CaseObject[], settings: Partial<HostSettings> = {}): Promise<void> => {
    const pod = {
      namespace: 'red',
      name: 'web',
      ip: [AT.pod[4], AT.pod[6]],
      labels: {},
      ports: [],
      hostNetwork: false,
    };
    const scene = new Scene({ namespaces: { red: {} }, pods: [pod], serviceAccounts: {}, nodes: [] });
    scene.change({ apply: [...objects], delete: [], labels: [], expect: [] });
    const { inbound, outbound } = DEFAULT_FAILSAFES;
    const common = {
      failsafeInbound: inbound,
      failsafeOutbound: outbound,
      defaultEndpointToHostAction: 'Drop',
    } as const;
    await kernel.of(scene.world().world, { node: 'here', ...common, ...settings }, 4);
  };
  /** Of both families: that it comes about, or by which drop it does not. */
  const tries = async (from: Place, to: Place | 'service', port: number, expected: string): Promise<void> => {
    for (const family of [4, 6] as const) {
      const answer = await lab.connect(
        from,
        to === 'service' ? SERVICE[family] : AT[to][family],
        port,
        `${DROP}${expected}`,
      );
      const isAsExpected = expected === OPEN ? answer === OPEN : answer.startsWith(`drop-${expected}`);
      t.ok(isAsExpected, `${from} to ${to}, port ${port}, IPv${family}: ${answer}`);
    }
  };

  t.test('an endpoint of all interfaces that nobody opens', async () => {
    await enforce([hostEndpoint({ interfaceName: '*' })]);
    await tries('outside', 'host', 22, OPEN);
    await tries('outside', 'host', 179, OPEN);
    await tries('outside', 'host', 80, 'host-normal-ingress-no-profile');
    await tries('host', 'outside', 443, 'host-normal-egress-no-profile');
    await tries('host', 'outside', 179, OPEN);
    await tries('host', 'host', 80, OPEN);
    await tries('host', 'pod', 80, OPEN);
    await tries('outside', 'pod', 80, OPEN);
    await tries('pod', 'outside', 443, OPEN);
    await tries('host', 'service', 80, 'host-normal-egress-no-profile');
    await tries('pod', 'host', 80, 'from-a-pod-to-its-host');
  });

  t.test('a named interface, and one by its address', async () => {
    for (const spec of [{ interfaceName: 'eth0' }, { expectedIPs: [AT.host[4]] }, { expectedIPs: [AT.host[6]] }]) {
      await enforce([hostEndpoint(spec), policy('p', { types: ['Ingress'], ingress: [allow(80)] })]);
      await tries('outside', 'host', 80, OPEN);
      await tries('outside', 'host', 23, 'host-normal-ingress-end-of-tier-default');
    }
    await enforce([hostEndpoint({ interfaceName: 'eth1' })]);
    await tries('outside', 'host', 23, OPEN);
  });

  t.test('without failsafes nothing is left', async () => {
    await enforce([hostEndpoint({ interfaceName: 'eth0' })], { failsafeInbound: [] });
    await tries('outside', 'host', 22, 'host-normal-ingress-no-profile');
    const net = parsePrefix(`${AT.outside[4]}/32`);
    await enforce([hostEndpoint({ interfaceName: 'eth0' })], { failsafeInbound: [{ protocol: 6, port: 22, net }] });
    t.equal(await lab.connect('outside', AT.host[4], 22, DROP), OPEN);
    t.match(await lab.connect('outside', AT.host[6], 22, DROP), /^drop-/, 'a network of the other family is nobody’s');
  });

  t.test('policy for what passes through', async () => {
    const opened = { profiles: ['projectcalico-default-allow'], interfaceName: '*' };
    await enforce([
      hostEndpoint(opened),
      policy('p', {
        applyOnForward: true,
        types: ['Ingress'],
        ingress: [{ ...allow(80), source: { nets: ['203.0.113.1'] } }],
      }),
    ]);
    await tries('outside', 'pod', 80, 'host-forward-ingress-end-of-tier-default');
    await tries('pod', 'outside', 443, OPEN);
    await enforce([
      hostEndpoint(opened),
      policy('p', { applyOnForward: true, types: ['Egress'], egress: [allow(443)] }),
    ]);
    await tries('outside', 'pod', 80, OPEN);
    await tries('pod', 'outside', 443, OPEN);
    await tries('pod', 'outside', 80, 'host-forward-egress-end-of-tier-default');
  });

  t.test('policy before DNAT', async () => {
    const endpoint = hostEndpoint({ interfaceName: 'eth0', profiles: ['projectcalico-default-allow'] });
    const before = { preDNAT: true, applyOnForward: true };
    await enforce([endpoint, policy('d', { ...before, ingress: [{ ...allow(80), action: 'Deny' }] })]);
    await tries('outside', 'host', 30080, OPEN);
    await tries('outside', 'host', 80, 'host-pre-dnat-ingress-of-Deny-rule-0');
    const closed = policy('f', { applyOnForward: true, types: ['Ingress'] });
    await enforce([endpoint, closed, policy('d', { ...before, ingress: [allow(30080)] })]);
    await tries('outside', 'host', 30080, OPEN);
    await tries('outside', 'pod', 80, 'host-forward-ingress-end-of-tier-default');
    await enforce([endpoint, policy('d', { ...before, ingress: [{ ...allow(30080), action: 'Deny' }] })]);
    await tries('outside', 'host', 30080, 'host-pre-dnat-ingress-of-Deny-rule-0');
  });

  t.test('policy before tracking, which has to say both directions', async () => {
    const endpoint = hostEndpoint({ interfaceName: 'eth0' });
    const untracked = { doNotTrack: true, applyOnForward: true };
    const back = { action: 'Allow', protocol: 'TCP', source: { ports: [8080] } };
    await enforce([endpoint, policy('u', { ...untracked, ingress: [allow(8080)], egress: [back] })]);
    await tries('outside', 'host', 8080, OPEN);
    await tries('outside', 'host', 80, 'host-normal-ingress-no-profile');
    await enforce([endpoint, policy('u', { ...untracked, ingress: [allow(8080)] })]);
    await tries('outside', 'host', 8080, 'invalid-packet');
    const denied = [{ action: 'Deny', protocol: 'TCP' }];
    await enforce([endpoint, policy('u', { ...untracked, ingress: denied, egress: denied })]);
    await tries('outside', 'host', 22, OPEN);
    await tries('host', 'outside', 179, OPEN);
    await tries('outside', 'host', 8080, 'host-untracked-ingress-of-Deny-rule-0');
  });

  t.test('what is translated on its way out is asked by its last address', async () => {
    const to = (nets: readonly string[]) =>
      policy('p', { types: ['Egress'], egress: [{ action: 'Allow', destination: { nets } }] });
    for (const family of [4, 6] as const) {
      await enforce([hostEndpoint({ interfaceName: 'eth0' }), to([AT.outside[family]])]);
      t.equal(await lab.connect('host', SERVICE[family], 80, 'drop-host-normal'), OPEN);
      await enforce([hostEndpoint({ interfaceName: 'eth0' }), to([SERVICE[family]])]);
      t.match(
        await lab.connect('host', SERVICE[family], 80, 'drop-host-normal'),
        /^drop-host-normal-egress-end-of-tier-default/,
      );
    }
  });

  t.test('pods and their host', async () => {
    await enforce([hostEndpoint({ interfaceName: '*' })], { defaultEndpointToHostAction: 'Accept' });
    await tries('pod', 'host', 80, OPEN);
    const forwarded = policy('f', { applyOnForward: true, types: ['Ingress', 'Egress'] });
    await enforce([hostEndpoint({ interfaceName: '*' }), forwarded], { defaultEndpointToHostAction: 'Return' });
    await tries('pod', 'host', 80, OPEN);
    await tries('pod', 'outside', 443, 'host-forward-egress-end-of-tier-default');
    const all = policy('p', { selector: 'all()', types: ['Ingress', 'Egress'] });
    await enforce([all], { defaultEndpointToHostAction: 'Accept' });
    await tries('pod', 'host', 80, 'egress-end-of-tier-default');
    await tries('host', 'pod', 80, OPEN);
  });
});
