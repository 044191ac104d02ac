import t from 'tap';
import { podInterfaceName } from '../../../src/dataplane/index.ts';
import { podMapping } from '../../../src/datastore/kubernetes/pod.ts';
import { profileMapping } from '../../../src/datastore/kubernetes/profile.ts';
import type { WorkloadEndpoint } from '../../../src/model/index.ts';

const NAMESPACE = 'projectcalico.org/namespace';
const ORCHESTRATOR = 'projectcalico.org/orchestrator';
const ACCOUNT = 'projectcalico.org/serviceaccount';
const CNI = 'cni.projectcalico.org/';
const AWS = 'vpc.amazonaws.com/pod-ips';
const running = { phase: 'Running', podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] };

type Pod = { readonly metadata?: object; readonly spec?: object; readonly status?: object };

function decoded({ metadata = {}, spec = {}, status = running }: Pod, prefix = 'cali'): WorkloadEndpoint | undefined {
  const [{ decode }] = podMapping(prefix).collections;
  return decode({
    metadata: { name: 'a', namespace: 'web', ...metadata },
    spec: { nodeName: 'n', serviceAccountName: 'default', ...spec },
    status: { ...status },
  });
}

const labelled: readonly (readonly [what: string, pod: Pod, labels: object])[] = [
  [
    'namespace, orchestrator and service account are labels beside its own',
    { metadata: { labels: { app: 'db' } }, spec: { serviceAccountName: 'robot' } },
    { app: 'db', [NAMESPACE]: 'web', [ORCHESTRATOR]: 'k8s', [ACCOUNT]: 'robot' },
  ],
  [
    'nobody passes for another by labels of his own',
    { metadata: { labels: { [NAMESPACE]: 'other', [ORCHESTRATOR]: 'x', [ACCOUNT]: 'admin' } } },
    { [NAMESPACE]: 'web', [ORCHESTRATOR]: 'k8s', [ACCOUNT]: 'default' },
  ],
  [
    'the longest account that is a label',
    { spec: { serviceAccountName: 'a'.repeat(62) } },
    { [NAMESPACE]: 'web', [ORCHESTRATOR]: 'k8s', [ACCOUNT]: 'a'.repeat(62) },
  ],
  [
    'an account as long as a label is none, and no label of that name gets through either',
    { metadata: { labels: { [ACCOUNT]: 'admin' } }, spec: { serviceAccountName: 'a'.repeat(63) } },
    { [NAMESPACE]: 'web', [ORCHESTRATOR]: 'k8s' },
  ],
  ['no account', { spec: { serviceAccountName: undefined } }, { [NAMESPACE]: 'web', [ORCHESTRATOR]: 'k8s' }],
];

for (const [what, pod, labels] of labelled) {
  t.test(`labels: ${what}`, async (t) => t.same(decoded(pod)?.metadata.labels, labels));
}

t.test('the interface is the one that CNI makes, with the prefix that the daemon is told', async (t) => {
  for (const prefix of ['cali', 'eni']) {
    t.equal(decoded({}, prefix)?.spec.interfaceName, podInterfaceName('web', 'a', prefix));
  }
});

t.test('profiles: of the namespace, then of the service account, however long its name', async (t) => {
  t.same(decoded({})?.spec.profiles, ['kns.web', 'ksa.web.default']);
  const long = 'a'.repeat(200);
  t.same(decoded({ spec: { serviceAccountName: long } })?.spec.profiles, ['kns.web', `ksa.web.${long}`]);
  t.match(decoded({ spec: { serviceAccountName: long } })?.spec, { serviceAccountName: long });
  for (const none of [undefined, '']) {
    const spec = decoded({ spec: { serviceAccountName: none } })?.spec;
    t.same(spec?.profiles, ['kns.web']);
    t.equal(spec?.serviceAccountName, undefined);
  }
});

const http = { name: 'http', containerPort: 80, protocol: 'TCP' };
const port = (name: string | undefined, protocol: string, number: number, more: object = {}) => ({
  name,
  protocol,
  port: number,
  ...more,
});
const ported: readonly (readonly [what: string, spec: object, ports: readonly object[] | undefined])[] = [
  ['one with a name', { containers: [{ ports: [http] }] }, [port('http', 'TCP', 80)]],
  ['TCP where none is said', { containers: [{ ports: [{ name: 'x', containerPort: 1 }] }] }, [port('x', 'TCP', 1)]],
  [
    'each of Kubernetes’ protocols',
    {
      containers: [
        {
          ports: [
            { name: 'dns', containerPort: 53, protocol: 'UDP' },
            { name: 'sctp', containerPort: 54, protocol: 'SCTP' },
          ],
        },
      ],
    },
    [port('dns', 'UDP', 53), port('sctp', 'SCTP', 54)],
  ],
  ['neither name nor hostPort', { containers: [{ ports: [{ containerPort: 80, protocol: 'TCP' }] }] }, undefined],
  [
    'a hostPort without a name',
    { containers: [{ ports: [{ containerPort: 80, hostPort: 8080, hostIP: '192.0.2.1' }] }] },
    [port(undefined, 'TCP', 80, { hostPort: 8080, hostIP: '192.0.2.1' })],
  ],
  [
    'one name in two containers',
    { containers: [{ ports: [http] }, { ports: [{ ...http, containerPort: 81 }] }] },
    [port('http', 'TCP', 80), port('http', 'TCP', 81)],
  ],
  [
    'init containers and sidecars, after the others',
    {
      initContainers: [{ ports: [{ ...http, name: 'mesh', containerPort: 15_001 }] }],
      containers: [{ ports: [http] }],
    },
    [port('http', 'TCP', 80), port('mesh', 'TCP', 15_001)],
  ],
  ['ephemeral containers’ are none', { containers: [{}], ephemeralContainers: [{ ports: [http] }] }, undefined],
  [
    'an unknown protocol',
    { containers: [{ ports: [{ ...http, protocol: 'QUIC' }, http] }] },
    [port('http', 'TCP', 80)],
  ],
  ['no number', { containers: [{ ports: [{ name: 'x' }, { name: 'y', containerPort: 0 }] }] }, undefined],
  ['null lists', { containers: [{ ports: null }], initContainers: null }, undefined],
];

for (const [what, spec, ports] of ported) {
  t.test(`ports: ${what}`, async (t) => t.same(decoded({ spec })?.spec.ports, ports));
}

const addressed: readonly (readonly [what: string, pod: Pod, networks: readonly string[]])[] = [
  ['the status', {}, ['10.0.0.1/32']],
  [
    'the status of two families',
    { status: { podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] } },
    ['10.0.0.1/32', 'fd00::1/128'],
  ],
  ['the older field of the status', { status: { podIP: 'fd00::1' } }, ['fd00::1/128']],
  [
    'the annotation before the status',
    { metadata: { annotations: { [`${CNI}podIP`]: '10.0.0.2/32', [`${CNI}podIPs`]: '10.0.0.2/32,fd00::2/128' } } },
    ['10.0.0.2/32', 'fd00::2/128'],
  ],
  [
    'an annotation without status',
    { metadata: { annotations: { [`${CNI}podIP`]: '10.0.0.2' } }, status: {} },
    ['10.0.0.2/32'],
  ],
  ['neither', { status: {} }, []],
  [
    'the annotation of AWS, where the status has none yet',
    { metadata: { annotations: { [AWS]: '10.0.0.3,fd00::3' } }, status: {} },
    ['10.0.0.3/32', 'fd00::3/128'],
  ],
  ['the status before the annotation of AWS', { metadata: { annotations: { [AWS]: '10.0.0.3' } } }, ['10.0.0.1/32']],
  ['an empty annotation of AWS', { metadata: { annotations: { [AWS]: '' } } }, ['10.0.0.1/32']],
  [
    'deleting, taken back by AWS',
    { metadata: { deletionTimestamp: '2030-01-01T00:00:00Z', annotations: { [AWS]: '' } } },
    [],
  ],
  ['succeeded', { status: { ...running, phase: 'Succeeded' } }, []],
  ['failed', { status: { ...running, phase: 'Failed' } }, []],
  ['completed, as old versions say', { status: { ...running, phase: 'Completed' } }, []],
  [
    'finished, whatever CNI wrote',
    { metadata: { annotations: { [`${CNI}podIP`]: '10.0.0.2/32' } }, status: { ...running, phase: 'Failed' } },
    [],
  ],
  [
    'deleting, in its grace period: it still talks',
    { metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' } },
    ['10.0.0.1/32'],
  ],
  [
    'deleting, its network gone',
    {
      metadata: {
        deletionTimestamp: '2030-01-01T00:00:00Z',
        annotations: { [`${CNI}podIP`]: '', [`${CNI}podIPs`]: '' },
      },
    },
    [],
  ],
  [
    'not deleting, its network gone: the status is of the former sandbox',
    { metadata: { annotations: { [`${CNI}podIP`]: '', [`${CNI}podIPs`]: '' } } },
    [],
  ],
  [
    'of unknown state: its node is silent, the pod may live',
    { status: { ...running, phase: 'Unknown' } },
    ['10.0.0.1/32'],
  ],
];

for (const [what, pod, networks] of addressed) {
  t.test(`addresses: ${what}`, async (t) => t.same(decoded(pod)?.spec.ipNetworks, networks));
}

t.test('networks that a pod may send from have no host bits; what is none is left out', async (t) => {
  const annotations = { [`${CNI}allowedSourcePrefixes`]: '["10.1.2.3/8", "nowhere", "fd00::1/64"]' };
  t.same(decoded({ metadata: { annotations } })?.spec.allowSpoofedSourcePrefixes, ['10.0.0.0/8', 'fd00::/64']);
});

t.test('the name that a ReplicaSet makes its pods’ names of is the endpoint’s, too', async (t) => {
  t.equal(decoded({ metadata: { generateName: 'web-7d9c-' } })?.metadata['generateName'], 'web-7d9c-');
  t.notOk('generateName' in (decoded({})?.metadata ?? {}));
});

t.test('no endpoint: pods in the host’s network, and such as are not on a node yet', async (t) => {
  t.equal(decoded({ spec: { hostNetwork: true } }), undefined);
  t.equal(decoded({ spec: { nodeName: '' } }), undefined);
  t.equal(decoded({ spec: { nodeName: undefined } }), undefined);
  t.ok(decoded({ spec: { hostNetwork: false } }));
});

t.test('a namespace opens what no policy is about; an account gives labels alone', async (t) => {
  const [namespaces, accounts] = profileMapping.collections;
  const labels = { team: 'x', 'kubernetes.io/metadata.name': 'web' };
  const allow = [{ action: 'Allow' }];
  t.match(namespaces.decode({ metadata: { name: 'web', labels } }), {
    metadata: { name: 'kns.web' },
    spec: {
      ingress: allow,
      egress: allow,
      labelsToApply: {
        'pcns.team': 'x',
        'pcns.kubernetes.io/metadata.name': 'web',
        'pcns.projectcalico.org/name': 'web',
      },
    },
  });
  t.same(accounts.decode({ metadata: { name: 'robot', namespace: 'web', labels: { tier: 'db' } } })?.spec, {
    labelsToApply: { 'pcsa.tier': 'db', 'pcsa.projectcalico.org/name': 'robot' },
  });
  t.same(
    namespaces.decode({ metadata: { name: 'web', labels: { 'projectcalico.org/name': 'other' } } })?.spec.labelsToApply,
    { 'pcns.projectcalico.org/name': 'web' },
    'nobody passes for another namespace',
  );
});
