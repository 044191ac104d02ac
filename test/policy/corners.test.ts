import t from 'tap';
import { caseFile, runCases } from '../../src/policy/index.ts';

/** Corners that no table has, each found by a bug that nothing caught (`test/mutants`). */

const world = {
  namespaces: { red: { owner: 'namespace' } },
  pods: [
    { namespace: 'red', name: 'web', ip: ['10.0.0.1', 'fd00::1'], labels: { app: 'web', 'pcns.owner': 'pod' } },
    { namespace: 'red', name: 'db', ip: ['10.0.0.2', 'fd00::2'], labels: { app: 'db' } },
  ],
};
const calico = (spec: object): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  metadata: { name: 'p' },
  spec: { selector: "app == 'db'", types: ['Ingress'], ...spec },
});
const kubernetes = (spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'red' },
  spec: { podSelector: {}, ...spec },
});

/** From, to, protocol, port, allowed. */
type Probe = readonly [string, string, string, number, boolean];

const CORNERS: Readonly<Record<string, { readonly policy: object; readonly probes: readonly Probe[] }>> = {
  'a rule for IPv4 says nothing of IPv6': {
    policy: calico({ ingress: [{ action: 'Allow', ipVersion: 4 }] }),
    probes: [
      ['10.9.9.9', '10.0.0.2', 'TCP', 80, true],
      ['fd99::1', 'fd00::2', 'TCP', 80, false],
    ],
  },
  'an exclusion of IPv6 networks alone takes the rule away for IPv4': {
    policy: calico({ ingress: [{ action: 'Allow', source: { notNets: ['fd99::/64'] } }] }),
    probes: [
      ['10.9.9.9', '10.0.0.2', 'TCP', 80, false],
      ['fd98::1', 'fd00::2', 'TCP', 80, true],
      ['fd99::1', 'fd00::2', 'TCP', 80, false],
    ],
  },
  'a policy with egress rules and no types is about both directions': {
    policy: kubernetes({ egress: [{ to: [{ podSelector: { matchLabels: { app: 'db' } } }] }] }),
    probes: [
      ['10.0.0.1', '10.9.9.9', 'TCP', 80, false],
      ['10.9.9.9', '10.0.0.1', 'TCP', 80, false],
    ],
  },
  'a policy without egress rules and types is about ingress alone': {
    policy: kubernetes({ egress: [] }),
    probes: [
      ['10.0.0.1', '10.9.9.9', 'TCP', 80, true],
      ['10.9.9.9', '10.0.0.1', 'TCP', 80, false],
    ],
  },
  'a pod’s own label goes before what its namespace gives': {
    policy: calico({ ingress: [{ action: 'Allow', source: { selector: "pcns.owner == 'pod'" } }] }),
    probes: [
      ['10.0.0.1', '10.0.0.2', 'TCP', 80, true],
      ['10.0.0.2', '10.0.0.1', 'TCP', 80, true],
    ],
  },
};

for (const [title, { policy, probes }] of Object.entries(CORNERS)) {
  t.test(title, async (t) => {
    const steps = [{ apply: [policy], expect: [{ probes }] }];
    const file = caseFile.parse({ format: 'policy-verdicts/1', cases: [{ id: title, world, steps }] });
    const [{ failures, problems, probes: judged }] = await runCases(file);
    t.same([failures, problems, judged], [[], [], probes.length]);
  });
}

const hostEndpoint = (interfaceName: string): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'HostEndpoint',
  metadata: { name: 'h', labels: { role: 'host' } },
  spec: { node: 'here', interfaceName },
});
const onHosts = (spec: object): object => calico({ selector: "role == 'host'", ...spec });
const packet = { interface: 'eth0', source: '10.9.9.9', destination: '192.168.69.1', protocol: 'TCP', port: 22 };
const denyAll = [{ action: 'Deny' }];

const HOST_CORNERS: Readonly<Record<string, object>> = {
  'failsafes are for the host, and not for what passes through': {
    policies: [hostEndpoint('eth0'), onHosts({ applyOnForward: true, ingress: denyAll })],
    packets: [
      { ...packet, path: 'in', want: 'accept' },
      { ...packet, path: 'forward-in', destination: '10.8.8.8', want: 'drop' },
    ],
  },
  'what comes before tracking is asked of a named interface': {
    policies: [hostEndpoint('eth0'), onHosts({ doNotTrack: true, applyOnForward: true, ingress: denyAll })],
    packets: [{ ...packet, path: 'forward-in', port: 80, destination: '10.8.8.8', want: 'drop' }],
  },
  'and not of all interfaces': {
    policies: [hostEndpoint('*'), onHosts({ doNotTrack: true, applyOnForward: true, ingress: denyAll })],
    packets: [{ ...packet, path: 'forward-in', port: 80, destination: '10.8.8.8', want: 'accept' }],
  },
  'from a pod to its host Return hands on to the host’s own rules': {
    policies: [],
    defaultEndpointToHostAction: 'Return',
    packets: [{ ...packet, path: 'pod-to-host', interface: 'cali1', source: '10.0.0.1', want: 'accept' }],
  },
  'and Drop does not': {
    policies: [],
    defaultEndpointToHostAction: 'Drop',
    packets: [{ ...packet, path: 'pod-to-host', interface: 'cali1', source: '10.0.0.1', want: 'drop' }],
  },
};

for (const [title, one] of Object.entries(HOST_CORNERS)) {
  t.test(title, async (t) => {
    const worlds = { only: world };
    const file = caseFile.parse({ format: 'policy-verdicts/1', worlds, cases: [{ id: title, ...one }] });
    const [{ failures, problems }] = await runCases(file);
    t.same([failures, problems], [[], []]);
  });
}
