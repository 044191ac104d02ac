import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { readConfig } from '../../src/daemon/config.ts';
import { readDatastoreConfig } from '../../src/datastore/index.ts';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [other: string]: unknown;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: number };
  /** Kubernetes takes one second when it is not said. */
  readonly timeoutSeconds?: number;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext?: { readonly capabilities: { readonly add: readonly string[] } };
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
}

interface PodSpec {
  readonly hostNetwork: boolean;
  readonly serviceAccountName: string;
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly { readonly name: string; readonly hostPath: { readonly path: string } }[];
}

function manifests(file: string): readonly Manifest[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Manifest);
}

const [daemonSet] = manifests('deploy/vrouter.yaml');
const pod = (daemonSet['spec'] as { readonly template: { readonly spec: PodSpec } }).template.spec;
const [installCni] = pod.initContainers;
const [vrouter] = pod.containers;

t.test('the role is given to the account that the daemon runs under', async (t) => {
  const [account, role, binding] = manifests('deploy/rbac.yaml');
  t.match([account.kind, role.kind, binding.kind], ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding']);
  t.match(binding, {
    roleRef: { kind: 'ClusterRole', name: role.metadata.name },
    subjects: [{ kind: 'ServiceAccount', ...account.metadata }],
  });
  t.equal(pod.serviceAccountName, account.metadata.name);
  t.equal(daemonSet.metadata.namespace, account.metadata.namespace);
});

t.test("the daemon's settings are ones that it knows", async (t) => {
  const given = Object.fromEntries(vrouter.env.map(({ name, value }) => [name, value ?? 'node1']));
  t.equal((await readDatastoreConfig({ env: given, defaultFile: '/none' })).type, 'kubernetes');
  const { DATASTORE_TYPE: _, ...overrides } = given;
  t.equal((await readConfig({}, overrides)).NODENAME, 'node1');
  t.equal(vrouter.livenessProbe?.httpGet.port, (await readConfig({}, overrides)).FELIX_HEALTHPORT);
});

t.test('a node with much to do is given as long to answer a probe as Calico gives it', async (t) => {
  for (const probe of [vrouter.livenessProbe, vrouter.readinessProbe]) t.equal(probe?.timeoutSeconds, 10);
});

t.test(
  'it has the network and the rights that the daemon needs, and what it must find again is on the host',
  async (t) => {
    t.equal(pod.hostNetwork, true);
    const unit = readFileSync('deploy/vrouter.service', 'utf8');
    // systemd has a limit for what a container needs this right for.
    const ofUnit = (right: string): string => (right === 'SYS_NICE' ? 'LimitRTPRIO=' : `CAP_${right}`);
    for (const capability of vrouter.securityContext?.capabilities.add ?? []) t.match(unit, ofUnit(capability));
    t.strictSame(
      vrouter.volumeMounts.map(({ name, mountPath }) => [mountPath, pathOf(name)]),
      [
        ...['/run/netns', '/var/lib/calico', '/var/run/calico', '/lib/modules'].map((path) => [path, path]),
        ['/host/proc/sys/net', '/proc/sys/net'],
        ['/host/etc/cni/net.d', '/etc/cni/net.d'],
      ],
    );
  },
);

t.test('before it, the plugin is put where container runtimes look', async (t) => {
  t.strictSame(installCni.command, ['/opt/vrouter/dist/bin/vrouter', 'install-cni']);
  t.equal(installCni.image, vrouter.image);
  t.strictSame(
    installCni.volumeMounts.map(({ name, mountPath }) => [mountPath, pathOf(name)]),
    [
      ['/host/opt/cni/bin', '/opt/cni/bin'],
      ['/host/etc/cni/net.d', '/etc/cni/net.d'],
    ],
  );
});

function pathOf(volume: string): string | undefined {
  return pod.volumes.find(({ name }) => name === volume)?.hostPath.path;
}
