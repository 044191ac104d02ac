import t from 'tap';
import { silentLog, VirtualClock } from '../../../src/base/index.ts';
import { PLAIN_SETTINGS, type PolicySettings } from '../../../src/calc/desired/index.ts';
import { FilterReconciler } from '../../../src/dataplane/filter/index.ts';
import { PolicyTables } from '../../../src/dataplane/policy/index.ts';
import { inNamespace, mustRun } from '../../../src/lab/command.ts';
import { openNft } from '../../../src/nftables/index.ts';
import { Scene } from '../../../src/policy/cases/scene.ts';
import { enforcementOf } from '../../../src/policy/enforcement.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { DesiredPolicies } from './desired.ts';

const ODD = { rejects: true, marks: { accept: 1, pass: 8, local: 0x80000000 } };
const NAMESPACE = `vrt-settings-${process.pid}`;
const PODS = ['10.9.0.1', '10.9.0.2'];

function desired() {
  const scene = new Scene({
    namespaces: { red: {} },
    serviceAccounts: {},
    nodes: [],
    pods: PODS.map((ip, at) => ({
      ...{
        namespace: 'red',
        name: `pod-${at}`,
        ip: [ip, `fd09::${at + 1}`],
        labels: {},
        ports: [],
        hostNetwork: false,
      },
    })),
  });
  const apply = [
    {
      apiVersion: 'projectcalico.org/v3',
      kind: 'NetworkPolicy',
      metadata: { name: 'told', namespace: 'red' },
      spec: { selector: 'all()', types: ['Ingress'], ingress: [{ action: 'Log' }, { action: 'Allow' }] },
    },
  ];
  scene.change({ apply: apply as never, delete: [], labels: [], expect: [] });
  const { world } = scene.world();
  const local = world.endpoints.map((endpoint, at) => ({ interfaceName: `cali${at}`, endpoint }));
  return new DesiredPolicies().of(enforcementOf(world, local));
}

t.test('the settings of rules are in the kernel, and go on from one to another', needsRoot, async (t) => {
  await mustRun(['ip', 'netns', 'add', NAMESPACE]);
  t.teardown(() => mustRun(['ip', 'netns', 'del', NAMESPACE]));
  const nft = openNft({ namespace: `/run/netns/${NAMESPACE}` });
  const room = new FilterReconciler({ nft, clock: new VirtualClock(), log: silentLog }).room();
  const tables = new PolicyTables('cali');
  const wanted = desired();
  const shown = async (settings?: PolicySettings): Promise<string> => {
    await room.want(tables.of({ ...wanted, settings }));
    t.same(room.failures(), []);
    return mustRun(inNamespace(NAMESPACE, ['nft', 'list', 'table', 'ip', 'vrouter-policy']));
  };
  const plain = await shown();
  t.match(plain, 'limit rate 10/second log prefix "calico-packet: " level info', 'a burst of 5 is nft’s own');
  t.match(plain, 'invalid : jump broken');
  const other = await shown({
    logPrefix: '%k %p in %t %n%',
    logRate: '9/hour',
    logBurst: 7,
    dropsInvalid: false,
    maxSetSize: 1_048_576,
    ...ODD,
  });
  t.match(other, 'limit rate 9/hour burst 7 packets log prefix "np red/told in default told%: " level info');
  t.notMatch(other, 'ct state invalid');
  t.notMatch(other, 'jump broken');
  const free = await shown({ ...PLAIN_SETTINGS, logRate: '', logPrefix: 'x'.repeat(200) });
  t.match(free, /^\s*log prefix "x{125}: " level info/m);
  t.equal(await shown(PLAIN_SETTINGS), plain, 'and back');
});
