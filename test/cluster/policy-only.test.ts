import t from 'tap';
import { inNamespace, mustRun } from '../../src/lab/command.ts';
import { makeNamespace } from '../fakes/namespaces.ts';
import { cluster, needsRoot } from './cluster.ts';

const ADDRESS = '10.9.0.5';
/** As the datastore knows a pod that another plugin has wired: by its address, and by the name of its interface. */
const POD = `apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: { name: node1-k8s-theirs-eth0, namespace: lab, labels: { app: theirs } }
spec:
  orchestrator: k8s
  node: node1
  pod: theirs
  endpoint: eth0
  ipNetworks: [${ADDRESS}/32]
  interfaceName: eni1234
  profiles: [projectcalico-default-allow]
`;
const CLOSED = `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: closed, namespace: lab }
spec: { selector: app == 'theirs', types: [Ingress] }
`;

t.test(
  'where another plugin wires the pods, policy alone is enforced, and their network stays',
  needsRoot,
  async (t) => {
    const environment = {
      CALICO_NETWORKING_BACKEND: 'none',
      CALICO_IPV4POOL_CIDR: 'none',
      FELIX_INTERFACEPREFIX: 'eni',
    };
    const lab = await cluster(t, { nodes: 1, environment });
    const { namespace, address } = lab.node('node1');
    const outside = await lab.addHost();
    const calicoctl = async (args: readonly string[], input?: string): Promise<void> => {
      const { code, stderr } = await lab.calicoctl('node1', args, input);
      if (code !== 0) throw new Error(stderr);
    };
    // As the plugin of AWS does: an interface with nothing on it, and a route to the pod.
    const pod = makeNamespace();
    t.teardown(() => pod.remove());
    const onNode = (...words: readonly string[]) => mustRun(inNamespace(namespace, ['ip', ...words]));
    const inPod = (...words: readonly string[]) => mustRun(inNamespace(pod.name, ['ip', ...words]));
    await onNode('link', 'add', 'eni1234', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pod.name);
    await onNode('link', 'set', 'eni1234', 'up', 'address', '02:00:00:00:00:01');
    await onNode('route', 'add', ADDRESS, 'dev', 'eni1234', 'scope', 'link');
    await inPod('link', 'set', 'eth0', 'up');
    await inPod('addr', 'add', `${ADDRESS}/32`, 'dev', 'eth0');
    await inPod('route', 'add', '169.254.1.1', 'dev', 'eth0', 'scope', 'link');
    await inPod('route', 'add', 'default', 'via', '169.254.1.1');
    await inPod('neigh', 'add', '169.254.1.1', 'lladdr', '02:00:00:00:00:01', 'dev', 'eth0');
    await lab.exec(outside.name, ['ip', 'route', 'add', ADDRESS, 'via', address.split('/')[0]]);
    const answers = async (): Promise<boolean> =>
      (await lab.exec(outside.name, ['ping', '-c1', '-W1', ADDRESS])).code === 0;

    await calicoctl(['apply', '-f', '-'], POD);
    await lab.until('the pod to be known', async () => (await lab.status('node1')).endpoints?.desired === 1);
    await lab.until('it to be reached, as no policy is about it', answers);

    await calicoctl(['apply', '-f', '-'], CLOSED);
    await lab.until('the policy to be in place', async () => !(await answers()));
    t.same((await lab.status('node1')).blocks, [], 'no block is claimed');

    await calicoctl(['delete', 'networkpolicy', 'closed', '--namespace', 'lab']);
    await lab.until('the policy to go', answers);
    await lab.endDaemon('node1', 'SIGTERM');
    t.ok(await answers(), 'and a daemon that ends takes nothing along');
  },
);
