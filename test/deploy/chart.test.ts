import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { parseAllDocuments, stringify } from 'yaml';
import { VALUES } from '../../deploy/helm/values.ts';
import { clusterFiles } from '../../deploy/helm/write.ts';
import { OVERLAYS } from '../../deploy/kustomize/overlays.ts';
import { VERSION } from '../../src/base/index.ts';
import { readConfig } from '../../src/daemon/config.ts';
import { readDatastoreConfig } from '../../src/datastore/index.ts';
import { type Output, run } from '../../src/lab/command.ts';

/** The chart by Helm itself and the overlays by kubectl's kustomize: both must say what deploy/vrouter.yaml says. */
const [HELM, OWN_KUBECTL] = ['helm', 'kubectl'].map((name) => resolve(`node_modules/.helm/${name}`));
/** Debian's is too old for `patches` of kustomize. */
const KUBECTL = existsSync(OWN_KUBECTL) ? OWN_KUBECTL : 'kubectl';
const CHART = 'deploy/helm/vrouter';
const helmHere = existsSync(HELM) || (process.env['CI'] && process.arch === 'x64');
const needsHelm = { skip: helmHere ? false : 'there is no Helm: sh deploy/setup.sh test' };
t.setTimeout(300_000);
const work = mkdtempSync(join(tmpdir(), 'vrouter-chart-'));
t.teardown(() => rmSync(work, { recursive: true }));

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [other: string]: unknown;
}

interface Named {
  readonly name: string;
  readonly value?: string;
}

/** Objects by kind and name; lists of things with names in the names' order, for nothing hangs on it. */
function objects(text: string): Readonly<Record<string, Manifest>> {
  const all = parseAllDocuments(text).map((document) => document.toJS() as Manifest | null);
  return Object.fromEntries(
    all.flatMap((one) => (one === null ? [] : [[`${one.kind} ${one.metadata.name}`, ordered(one) as Manifest]])).sort(),
  );
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(ordered);
    const named = items.every((item) => typeof item === 'object' && item !== null && 'name' in item);
    return named ? (items as Named[]).toSorted((a, b) => (a.name < b.name ? -1 : 1)) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, ordered(one)]));
}

function helm(values: object | string, ...args: readonly string[]): Promise<Output> {
  const file = typeof values === 'string' ? values : join(work, 'values.yaml');
  // Helm reads YAML 1.1, in which a bare yes is true.
  if (typeof values !== 'string') writeFileSync(file, stringify(values, { version: '1.1' }));
  const environment = { PATH: process.env['PATH'], HOME: work };
  return run([HELM, 'template', 'vrouter', CHART, '--namespace', 'kube-system', '--values', file, ...args], {
    env: environment,
  });
}

async function rendered(values: object | string): Promise<Readonly<Record<string, Manifest>>> {
  const { code, stdout, stderr } = await helm(values);
  if (code !== 0) throw new Error(stderr);
  return objects(stdout);
}

const containerOf = (all: Readonly<Record<string, Manifest>>) => {
  const { spec } = all['DaemonSet vrouter'] as unknown as {
    readonly spec: {
      readonly template: { readonly spec: { readonly containers: readonly { env: readonly Named[] }[] } };
    };
  };
  return spec.template.spec.containers[0];
};

/** The settings of a rendering's daemon, each of which it must know. */
async function configOf(all: Readonly<Record<string, Manifest>>) {
  const given = Object.fromEntries(containerOf(all).env.map(({ name, value }) => [name, value ?? 'node1']));
  const own = Object.entries(given).filter(([name]) => !/^(DATASTORE|ETCD)_/.test(name));
  return { given, datastore: given['DATASTORE_TYPE'], config: await readConfig({}, Object.fromEntries(own)) };
}

t.test('the files are those that the manifests make (node deploy/helm/write.ts writes them)', async (t) => {
  const files = clusterFiles();
  for (const [path, text] of files) t.equal(readFileSync(path, 'utf8'), text, path);
  const made = globSync([`${CHART}/*.{yaml,json}`, `${CHART}/ci/*`, 'deploy/kustomize/*/*']).sort();
  t.same(made, [...files.keys()].filter((path) => !path.includes('/templates/')).sort());
});

const base = objects(`${readFileSync('deploy/rbac.yaml', 'utf8')}---\n${readFileSync('deploy/vrouter.yaml', 'utf8')}`);

t.test('with nothing said, the chart is deploy/vrouter.yaml and deploy/rbac.yaml', needsHelm, async (t) => {
  t.same(await rendered({}), base);
});

t.test('the pod runs with no more rights than it needs, and only its event loop can have it restarted', async (t) => {
  const { spec } = base['DaemonSet vrouter'] as unknown as {
    readonly spec: { readonly template: { readonly spec: Record<string, unknown> } };
  };
  const pod = spec.template.spec;
  t.match(pod, {
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    priorityClassName: 'system-node-critical',
  });
  const probe = { httpGet: { host: 'localhost', path: '/liveness' } };
  t.match(containerOf(base), { startupProbe: probe, livenessProbe: probe });
  for (const container of [containerOf(base), ...(pod['initContainers'] as readonly object[])]) {
    t.match(container, { securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } } });
    t.notOk('privileged' in (container as { readonly securityContext: object }).securityContext);
  }
});

/** What each overlay is about, as the daemon understands it. */
const MEANT: Readonly<Record<string, object>> = {
  bgp: { CALICO_NETWORKING_BACKEND: 'bird', CALICO_IPV4POOL_IPIP: 'Never', CALICO_IPV4POOL_VXLAN: 'Never' },
  vxlan: { CALICO_NETWORKING_BACKEND: 'vxlan', CALICO_IPV4POOL_IPIP: 'Never', CALICO_IPV4POOL_VXLAN: 'Always' },
  ipip: { CALICO_NETWORKING_BACKEND: 'bird', CALICO_IPV4POOL_IPIP: 'Always', CALICO_IPV4POOL_VXLAN: 'Never' },
  'policy-only': { CALICO_NETWORKING_BACKEND: 'none', NO_DEFAULT_POOLS: true, CALICO_IPV4POOL_CIDR: undefined },
  monitoring: { CALICO_IPV4POOL_VXLAN: 'CrossSubnet', FELIX_PROMETHEUSMETRICSENABLED: true },
};

t.same(Object.keys(MEANT), Object.keys(OVERLAYS));
for (const [name, { values }] of Object.entries(OVERLAYS)) {
  t.test(`overlay ${name}: kustomize and the chart make the same of it, and the daemon takes it`, async (t) => {
    const { code, stdout, stderr } = await run([KUBECTL, 'kustomize', `deploy/kustomize/${name}`]);
    t.equal(code, 0, stderr);
    const all = objects(stdout);
    const { datastore, config } = await configOf(all);
    t.equal(datastore, 'kubernetes');
    t.match(config, MEANT[name]);
    t.notSame(all, base, 'it is no other name for the base');
    if (helmHere) t.same(await rendered(values), all);
  });
}

t.test('every value has its place', needsHelm, async (t) => {
  const all = await rendered({
    image: { repository: 'registry.example/vrouter', tag: '1.2.3', pullPolicy: 'Always' },
    imagePullSecrets: [{ name: 'registry' }],
    datastore: { type: 'etcdv3', etcd: { endpoints: 'https://192.0.2.1:2379', secret: 'etcd' } },
    pools: {
      ipv4: { cidr: '10.1.0.0/16', blockSize: 27, encapsulation: 'IPIPCrossSubnet', natOutgoing: false },
      ipv6: { cidr: 'fd00:1::/48', blockSize: 123, encapsulation: 'VXLAN', natOutgoing: true },
    },
    bgp: { as: 4200000001, passwordSecrets: ['one', 'two'] },
    autodetection: { ipv4: 'interface=eth.*', ipv6: 'cidr=fd00::/8' },
    endpointToHostAction: 'RETURN',
    interfacePrefix: 'eni',
    log: { level: 'debug' },
    health: { port: 19099 },
    metrics: { port: 19091 },
    page: { enabled: false, host: '0.0.0.0', port: 19179, tlsSecret: 'page-cert', tokenSecret: 'page-word' },
    pathProbes: { interval: 5, port: 19178 },
    monitoring: {
      podMonitor: { enabled: true, interval: '10s', labels: { release: 'prometheus' } },
      serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
      prometheusRule: { enabled: true },
      runbooks: 'https://runbooks.example/vrouter/',
      dashboards: { enabled: true, labels: { board: 'yes' } },
    },
    cni: { binDir: '/usr/lib/cni', netDir: '/etc/cni/other', confName: '05-vrouter.conflist' },
    resources: { limits: { memory: '1Gi' } },
    priorityClassName: 'mine',
    tolerations: [{ key: 'a', operator: 'Exists' }],
    nodeSelector: { role: 'worker' },
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
    podAnnotations: { a: 'b' },
    podLabels: { c: 'd' },
    updateStrategy: { maxUnavailable: '10%' },
    terminationGracePeriodSeconds: 20,
    env: { FELIX_ROUTEREFRESHINTERVAL: '60', VROUTER_BGP_HOLD_TIME: '30' },
  });
  const { given, config } = await configOf(all);
  t.match(config, {
    ...{ CALICO_IPV4POOL_CIDR: '10.1.0.0/16', CALICO_IPV4POOL_BLOCK_SIZE: 27, CALICO_IPV4POOL_NAT_OUTGOING: false },
    ...{ CALICO_IPV4POOL_IPIP: 'CrossSubnet', CALICO_IPV4POOL_VXLAN: 'Never', CALICO_IPV6POOL_CIDR: 'fd00:1::/48' },
    ...{ CALICO_IPV6POOL_BLOCK_SIZE: 123, CALICO_IPV6POOL_VXLAN: 'Always', CALICO_IPV6POOL_NAT_OUTGOING: true },
    ...{ AS: '4200000001', IP_AUTODETECTION_METHOD: 'interface=eth.*', IP6_AUTODETECTION_METHOD: 'cidr=fd00::/8' },
    ...{ FELIX_DEFAULTENDPOINTTOHOSTACTION: 'Return', FELIX_INTERFACEPREFIX: 'eni', FELIX_LOGSEVERITYSCREEN: 'debug' },
    ...{ FELIX_HEALTHPORT: 19099, FELIX_PROMETHEUSMETRICSENABLED: true, FELIX_PROMETHEUSMETRICSPORT: 19091 },
    ...{ FELIX_ROUTEREFRESHINTERVAL: 60, VROUTER_BGP_HOLD_TIME: 30 },
    ...{ VROUTER_PAGE: false, VROUTER_PAGE_HOST: '0.0.0.0', VROUTER_PAGE_PORT: 19179 },
    ...{ VROUTER_PAGE_TLS_CERT: '/page-tls/tls.crt', VROUTER_PAGE_TLS_KEY: '/page-tls/tls.key' },
    ...{ VROUTER_PAGE_TOKEN_FILE: '/page-token/token' },
    ...{ VROUTER_PATH_PROBE_INTERVAL: 5, VROUTER_PATH_PROBE_PORT: 19178 },
  });
  t.match(given, { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: 'https://192.0.2.1:2379', ETCD_KEY_FILE: /etcd-key$/ });
  const files = Object.keys(given).filter((name) => name.endsWith('_FILE'));
  const readable = Object.fromEntries(files.map((name) => [name, '/dev/null']));
  t.match(await readDatastoreConfig({ env: { ...given, ...readable }, defaultFile: '/none' }), {
    type: 'etcdv3',
    endpoints: ['https://192.0.2.1:2379'],
  });
  const text = stringify(all);
  for (const said of [
    ...['image: registry.example/vrouter:1.2.3', 'imagePullPolicy: Always', 'priorityClassName: mine', 'role: worker'],
    ...['maxUnavailable: 10%', 'terminationGracePeriodSeconds: 20', 'path: /usr/lib/cni', 'path: /etc/cni/other'],
    ...[
      'value: 05-vrouter.conflist',
      'memory: 1Gi',
      'port: 19099',
      'containerPort: 19091',
      'port: 19091',
      'board: yes',
    ],
    ...['secretName: page-cert', 'secretName: page-word', 'mountPath: /page-tls', 'mountPath: /page-token'],
    ...['secretName: etcd', 'release: prometheus', 'interval: 10s', 'a: b', 'c: d', 'nodeAffinity:', '- two'],
  ]) {
    t.match(text.replaceAll('"', ''), said);
  }
  t.match(text, 'runbook_url: https://runbooks.example/vrouter/BGPSessionDown.md');
  t.notMatch(text, 'docs/runbooks');
  const { spec } = all['PrometheusRule vrouter'] as unknown as { readonly spec: object };
  t.match(JSON.stringify(spec), '{{ $labels.peer }}', 'what is Prometheus’ own is left to it');
});

t.test('values that are wrong are refused by name before anything is rendered', needsHelm, async (t) => {
  const wrong = {
    image: { tag: 'a b', pullPolicy: 'Sometimes' },
    mode: 'policy',
    datastore: { type: 'sqlite', etcd: { endpoints: '192.0.2.1:2379' } },
    pools: {
      ipv4: { cidr: '10.0.0.0', blockSize: 33, encapsulation: 'GRE', natOutgoing: 'yes' },
      ipv6: { blockSize: 64 },
    },
    bgp: { as: 4294967296 },
    log: { level: 'loud' },
    metrics: { port: 70000 },
    page: { enabled: 'no', port: 0 },
    pathProbes: { interval: 7200 },
    tolerations: 'Exists',
    updateStrategy: { maxUnavailable: 0 },
    env: { A: 1 },
    encapsulaton: 'VXLAN',
  };
  const { code, stderr } = await helm(wrong);
  t.not(code, 0);
  const places = [
    ...['image/tag', 'image/pullPolicy', 'mode', 'datastore/type', 'datastore/etcd/endpoints', 'pools/ipv4/cidr'],
    ...['pools/ipv4/blockSize', 'pools/ipv4/encapsulation', 'pools/ipv4/natOutgoing', 'pools/ipv6/blockSize', 'bgp/as'],
    ...[
      'page/enabled',
      'page/port',
      'pathProbes/interval',
      'log/level',
      'metrics/port',
      'tolerations',
      'updateStrategy/maxUnavailable',
      'env/A',
    ],
  ];
  for (const place of places) t.match(stderr, `at '/${place}'`);
  t.match(stderr, 'encapsulaton');
  t.not(VALUES.safeParse(wrong).success, true);
  for (const [values, said] of [
    [{ mode: 'policy-only', datastore: { type: 'etcdv3' } }, 'mode policy-only needs datastore.type kubernetes'],
    [{ page: { host: '0.0.0.0', tlsSecret: 'a' } }, 'page.host needs page.tlsSecret and page.tokenSecret'],
    [{ datastore: { type: 'etcdv3' } }, 'datastore.type etcdv3 needs datastore.etcd.endpoints'],
    [{ bgp: { enabled: false }, pools: { ipv4: { encapsulation: 'None' } } }, 'encapsulation None needs BGP'],
  ] as const) {
    t.match((await helm(values)).stderr, said);
  }
});

t.test('Helm finds nothing to complain of, and packs all of it', needsHelm, async (t) => {
  const env = { PATH: process.env['PATH'], HOME: work };
  const lint = await run([HELM, 'lint', '--strict', CHART], { env });
  t.equal(lint.code, 0, lint.stdout);
  t.equal((await run([HELM, 'package', CHART, '--destination', work], { env })).code, 0);
  const { stdout } = await run(['tar', '-tzf', join(work, `vrouter-${VERSION}.tgz`)]);
  const crds = globSync('deploy/crds/*.yaml').map((path) => path.replace('deploy/', 'vrouter/'));
  for (const path of [...crds, 'vrouter/values.schema.json', 'vrouter/files/vrouter.rules.yaml']) t.match(stdout, path);
  t.match(stdout, /vrouter\/files\/boards\/\S+\.json/);
});
