import t from 'tap';
import { silentLog, VirtualClock } from '../../../src/base/index.ts';
import { FilterReconciler } from '../../../src/dataplane/filter/index.ts';
import { PolicyTables } from '../../../src/dataplane/policy/index.ts';
import type { Stretches } from '../../../src/dataplane/policy/stretch.ts';
import { type Nft, openNft } from '../../../src/nftables/index.ts';
import { Scene } from '../../../src/policy/cases/scene.ts';
import { enforcementOf } from '../../../src/policy/enforcement.ts';
import { makeNamespace, needsRoot } from '../../fakes/namespaces.ts';
import { DesiredPolicies } from './desired.ts';
import { SHORT } from './kernel-judge.ts';

/** All that can stand in the tables: networks, names of ports, services, Pass, Log, protocols. */
const objects = [
  { kind: 'Tier', metadata: { name: 'first' }, spec: { order: 1, defaultAction: 'Pass' } },
  {
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'first.all' },
    spec: {
      tier: 'first',
      selector: 'all()',
      types: ['Ingress', 'Egress'],
      ingress: [
        { action: 'Log', protocol: 'ICMP' },
        { action: 'Pass', source: { selector: "role == 'friend'" } },
        { action: 'Deny', protocol: 'TCP', destination: { ports: ['admin', 22, '8000:8100'] } },
      ],
      egress: [{ action: 'Allow', destination: { services: { name: 'db', namespace: 'red' } } }],
    },
  },
  {
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'narrow' },
    spec: {
      selector: 'all()',
      types: ['Ingress'],
      ingress: [
        { action: 'Allow', source: { nets: ['10.9.0.0/16', '10.10.0.1/32', 'fd00:9::/64', 'fd00:10::1/128'] } },
        { action: 'Deny', protocol: 'TCP', destination: { ports: [22, '8000:8010'] } },
        { action: 'Allow', protocol: 'SCTP', source: { nets: ['192.0.2.0/24'] }, destination: { ports: [9] } },
        { action: 'Log', protocol: 'UDP', source: { nets: ['fd00::/8'] }, destination: { ports: [53] } },
      ],
    },
  },
  {
    kind: 'GlobalNetworkSet',
    metadata: { name: 'friends', labels: { role: 'friend' } },
    spec: { nets: ['10.9.0.0/16'] },
  },
  {
    kind: 'Endpoints',
    metadata: { namespace: 'red', name: 'db' },
    endpoints: [{ ip: '10.0.0.2', port: 53, protocol: 'UDP' }],
  },
];

t.test(
  'a daemon that starts anew finds in the kernel what the former one left, and changes nothing',
  needsRoot,
  async (t) => {
    const namespace = makeNamespace();
    t.teardown(() => namespace.remove());
    const scene = new Scene({
      namespaces: { red: {} },
      serviceAccounts: {},
      nodes: [],
      pods: [
        {
          namespace: 'red',
          name: 'web',
          ip: ['10.0.0.1', 'fd00::1'],
          labels: {},
          ports: [
            { name: 'admin', port: 8443, protocol: 'TCP' },
            { name: 'admin', port: 53, protocol: 'UDP' },
          ],
          hostNetwork: false,
        },
      ],
    });
    scene.change({ apply: objects, delete: [], labels: [], expect: [] });
    const { world, problems } = scene.world();
    t.same(problems, []);
    const local = [{ interfaceName: 'cali0', endpoint: world.endpoints[0] }];

    const changes = async (sizes?: Stretches): Promise<readonly string[]> => {
      const texts: string[] = [];
      const nft = openNft({ namespace: namespace.path });
      const recording: Nft = new Proxy(nft, {
        get: (target, name: keyof Nft) => {
          if (name !== 'run') return (target[name] as () => unknown).bind(target);
          return (transaction: Parameters<Nft['run']>[0]) => {
            if (!transaction.isEmpty) texts.push(transaction.text);
            return target.run(transaction);
          };
        },
      });
      const room = new FilterReconciler({ nft: recording, clock: new VirtualClock(), log: silentLog }).room();
      await room.want(new PolicyTables('cali', sizes).of(new DesiredPolicies().of(enforcementOf(world, local))));
      t.same(room.failures(), []);
      return texts;
    };
    t.equal((await changes()).length, 2, 'a transaction for each family');
    t.same(await changes(), []);
    t.match((await changes(SHORT)).join(), /goto stretch-/, 'gates come in');
    t.same(await changes(SHORT), []);
  },
);
