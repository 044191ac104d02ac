import t from 'tap';
import { caseFile, runCases } from '../../src/policy/cases/index.ts';
import { calico, corners, world } from './corners.ts';

/** Corners that no table has, each found by a bug that nothing caught (`test/mutants`). */

t.test('the corners', async (t) => {
  for (const { id, failures, problems, probes } of await runCases(corners)) {
    t.same([failures, problems], [[], []], id);
    t.ok(probes > 1);
  }
});

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
  'what belongs to no connection reaches no pod, though no host endpoint is on its way': {
    policies: [],
    packets: [
      { ...packet, path: 'forward-in', destination: '10.0.0.2', state: 'invalid', want: 'drop' },
      { ...packet, path: 'forward-out', source: '10.0.0.2', destination: '10.9.9.9', state: 'invalid', want: 'drop' },
      { ...packet, path: 'forward-in', destination: '10.0.0.2', want: 'accept' },
      { ...packet, path: 'forward-in', destination: '10.8.8.8', state: 'invalid', want: 'accept' },
      { ...packet, path: 'host-to-pod', destination: '10.0.0.2', state: 'invalid', want: 'accept' },
    ],
  },
  'nor though it was accepted before DNAT': {
    policies: [hostEndpoint('eth0'), onHosts({ preDNAT: true, applyOnForward: true, ingress: [{ action: 'Allow' }] })],
    packets: [
      { ...packet, path: 'forward-in', port: 80, destination: '10.0.0.2', state: 'invalid', want: 'drop' },
      { ...packet, path: 'forward-in', port: 80, destination: '10.0.0.2', want: 'accept' },
      { ...packet, path: 'forward-in', port: 80, destination: '10.8.8.8', state: 'invalid', want: 'drop' },
      { ...packet, path: 'in', port: 80, state: 'invalid', want: 'accept' },
    ],
  },
  'an endpoint’s own label goes before what its profile gives': {
    policies: [
      { ...hostEndpoint('eth0'), spec: { node: 'here', interfaceName: 'eth0', profiles: ['p'] } },
      {
        apiVersion: 'projectcalico.org/v3',
        kind: 'Profile',
        metadata: { name: 'p' },
        spec: { labelsToApply: { role: 'any' } },
      },
      onHosts({ ingress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: [80] } }] }),
    ],
    packets: [{ ...packet, path: 'in', port: 80, want: 'accept' }],
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
