import t from 'tap';
import { PLAIN_SETTINGS } from '../../../src/calc/desired/index.ts';
import type { CaseObject } from '../../../src/policy/cases/format.ts';
import { Scene } from '../../../src/policy/cases/scene.ts';
import { DEFAULT_FAILSAFES } from '../../../src/policy/index.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { HostKernelJudge } from './host-kernel-judge.ts';
import { AT, HostLab, type Place } from './host-lab.ts';

/**
 * Where denied packets are rejected, who sent one knows at once, and a chain that says why has counted it. Marks are of
 * an odd mask, and what others have marked goes through untouched.
 */
const LINKS = new Map([['eth0', [AT.host[4], AT.host[6]] as string[]]]);
const REJECTING = { ...PLAIN_SETTINGS, rejects: true, marks: { accept: 1, pass: 8, local: 0x80000000 } };
/** A mark of somebody else, with all bits that are none of ours; and translation on the way out. */
const OTHERS = (['ip', 'ip6'] as const)
  .map(
    (family) => `table ${family} others {
  chain first { type filter hook prerouting priority -400; meta mark set 0x7ffffff6; }
  chain sent { type route hook output priority -400; meta mark set 0x7ffffff6; }
  chain last { type filter hook postrouting priority 300; meta mark and 0x7ffffff6 != 0x7ffffff6 counter drop; }
  chain here { type filter hook input priority 300; meta mark and 0x7ffffff6 != 0x7ffffff6 counter drop; }
  chain out { type nat hook output priority -100; ${family} daddr ${family === 'ip' ? '10.96.0.1 tcp dport 80 dnat to 192.0.2.7:443' : 'fd00:96::1 tcp dport 80 dnat to [2001:db8::7]:443'}; }
}`,
  )
  .join('\n');
const SERVICE = { 4: '10.96.0.1', 6: 'fd00:96::1' } as const;

const hostEndpoint = (spec: object): CaseObject => ({
  kind: 'HostEndpoint',
  metadata: { name: 'h', labels: { host: 'yes' } },
  spec: { node: 'here', ...spec },
});
const policy = (name: string, spec: object): CaseObject => ({ kind: 'GlobalNetworkPolicy', metadata: { name }, spec });

t.setTimeout(0);

t.test('what is denied is rejected', needsRoot, async (t) => {
  const lab = await HostLab.make(`vrj${process.pid}`);
  t.teardown(() => lab.remove());
  await lab.run('host', ['nft', '-f', '-'], OTHERS);
  const kernel = new HostKernelJudge(lab.namespace('host'), LINKS, REJECTING);
  const enforce = async (objects: readonly CaseObject[], action: 'Drop' | 'Accept' = 'Drop'): Promise<void> => {
    const ip = [AT.pod[4], AT.pod[6]];
    const pod = { namespace: 'red', name: 'web', ip, labels: {}, ports: [], hostNetwork: false };
    const scene = new Scene({ namespaces: { red: {} }, pods: [pod], serviceAccounts: {}, nodes: [] });
    scene.change({ apply: [...objects], delete: [], labels: [], expect: [] });
    const { inbound: failsafeInbound, outbound: failsafeOutbound } = DEFAULT_FAILSAFES;
    const settings = { node: 'here', failsafeInbound, failsafeOutbound, defaultEndpointToHostAction: action };
    await kernel.of(scene.world().world, settings, 4);
  };
  const refused = async (from: Place, to: Place | 'service', port: number, chain: string): Promise<void> => {
    for (const family of [4, 6] as const) {
      for (const protocol of to === 'service' ? (['tcp'] as const) : (['tcp', 'udp'] as const)) {
        const told = await lab.ask(from, protocol, to === 'service' ? SERVICE[family] : AT[to][family], port);
        const what = `${from} to ${to}, ${protocol}/${port}, IPv${family}`;
        t.match(told, { said: 'ECONNREFUSED', chain: new RegExp(`^drop-${chain}`) }, what);
      }
    }
  };
  const silent = async (from: Place, to: Place | 'service', port: number, chain: string): Promise<void> => {
    for (const family of [4, 6] as const) {
      const told = await lab.ask(from, 'tcp', to === 'service' ? SERVICE[family] : AT[to][family], port);
      t.match(told, { said: 'nothing', chain: new RegExp(`^drop-${chain}`) }, `${from} to ${to}, IPv${family}`);
    }
  };
  const open = async (from: Place, to: Place | 'service', port: number): Promise<void> => {
    for (const family of [4, 6] as const) {
      const told = await lab.ask(from, 'tcp', to === 'service' ? SERVICE[family] : AT[to][family], port);
      t.same(told, { said: 'open', chain: undefined }, `${from} to ${to}, IPv${family}`);
    }
  };

  t.test('by a rule and at the end of a tier, from and to pods', async () => {
    await enforce([
      policy('p', {
        selector: 'all()',
        ingress: [{ action: 'Deny', destination: { ports: [80] }, protocol: 'TCP' }],
        egress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: [443] } }],
        types: ['Ingress', 'Egress'],
      }),
    ]);
    await open('pod', 'outside', 443);
    await refused('pod', 'outside', 80, 'egress-end-of-tier-default');
    for (const family of [4, 6] as const) {
      t.match(await lab.ask('outside', 'tcp', AT.pod[family], 80), {
        said: 'ECONNREFUSED',
        chain: /^drop-ingress-of-Deny-rule-0/,
      });
      t.match(await lab.ask('outside', 'udp', AT.pod[family], 80), {
        said: 'ECONNREFUSED',
        chain: /^drop-ingress-end-of-tier-default/,
      });
    }
  });

  t.test('at the host, coming and going', async () => {
    await enforce([hostEndpoint({ interfaceName: 'eth0' })]);
    await open('outside', 'host', 22);
    await refused('outside', 'host', 8080, 'host-normal-ingress-no-profile');
    await refused('host', 'outside', 443, 'host-normal-egress-no-profile');
  });

  t.test('in what passes through the host', async () => {
    const opened = { profiles: ['projectcalico-default-allow'], interfaceName: '*' };
    const forwarded = { selector: "host == 'yes'", applyOnForward: true, types: ['Ingress', 'Egress'] };
    await enforce([hostEndpoint(opened), policy('f', forwarded)]);
    await refused('outside', 'pod', 80, 'host-forward-ingress-end-of-tier-default');
    await refused('pod', 'outside', 443, 'host-forward-egress-end-of-tier-default');
  });

  t.test(
    'but what was translated on its way out, what DNAT has not seen yet and what Drop is said of are dropped',
    async () => {
      await enforce([hostEndpoint({ interfaceName: 'eth0' })]);
      await silent('host', 'service', 80, 'host-translated-egress-no-profile');
      await silent('pod', 'host', 80, 'from-a-pod-to-its-host');
      const onHost = { selector: "host == 'yes'", applyOnForward: true };
      const deny = [{ action: 'Deny', protocol: 'TCP', destination: { ports: [8080] } }];
      await enforce([
        hostEndpoint({ interfaceName: 'eth0' }),
        policy('d', { ...onHost, preDNAT: true, ingress: deny }),
      ]);
      await silent('outside', 'host', 8080, 'host-pre-dnat-ingress-of-Deny-rule-0');
      await enforce([
        hostEndpoint({ interfaceName: 'eth0' }),
        policy('d', { ...onHost, doNotTrack: true, ingress: deny }),
      ]);
      await silent('outside', 'host', 8080, 'host-untracked-ingress-of-Deny-rule-0');
    },
  );

  t.test('and what was allowed before the filter, by the other marks, goes on', async () => {
    const endpoint = hostEndpoint({ interfaceName: 'eth0' });
    const before = { selector: "host == 'yes'", applyOnForward: true, preDNAT: true };
    const allow = [{ action: 'Allow', protocol: 'TCP', destination: { ports: [8080] } }];
    await enforce([endpoint, policy('d', { ...before, ingress: allow })]);
    await open('outside', 'host', 8080);
    const out = { selector: "host == 'yes'", types: ['Egress'] };
    const egress = [AT.outside[4], AT.outside[6]].map((net) => ({ action: 'Allow', destination: { nets: [net] } }));
    await enforce([endpoint, policy('e', { ...out, egress })]);
    await open('host', 'service', 80);
    await enforce([hostEndpoint({ interfaceName: '*' })], 'Accept');
    await open('pod', 'host', 80);
  });
});
