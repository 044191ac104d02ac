import t from 'tap';
import { silentLog, systemClock } from '../../src/base/index.ts';
import type { FlowAnswer, FlowsRequest } from '../../src/control/index.ts';
import { Drops } from '../../src/daemon/drops.ts';
import { FlowLog } from '../../src/daemon/flow-log.ts';
import { FollowedConnections } from '../../src/dataplane/connections/followed.ts';
import { FilterReconciler } from '../../src/dataplane/filter/index.ts';
import { PolicyReconciler } from '../../src/dataplane/policy/index.ts';
import { inNamespace, mustRun } from '../../src/lab/command.ts';
import { openKernel } from '../../src/netlink/index.ts';
import { openNft } from '../../src/nftables/index.ts';
import { Scene } from '../../src/policy/cases/scene.ts';
import { enforcementOf } from '../../src/policy/enforcement.ts';
import { DesiredPolicies } from '../dataplane/policy/desired.ts';
import { PacketLab } from '../dataplane/policy/packet-lab.ts';
import { needsRoot } from '../fakes/namespaces.ts';

const PODS = [
  ['10.9.0.1', 'fd09::1'],
  ['10.9.0.2', 'fd09::2'],
];
const OUTSIDE = ['10.8.0.1', 'fd08::1'];
const POLICY = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'NetworkPolicy',
  metadata: { name: 'some', namespace: 'red' },
  spec: {
    ...{ tier: 'default', selector: "at == '1'", types: ['Ingress'] },
    ingress: [
      { action: 'Deny', protocol: 'UDP', destination: { ports: [99] } },
      { action: 'Allow', protocol: 'TCP', destination: { ports: [80] } },
      { action: 'Allow', protocol: 'UDP', destination: { ports: [53] } },
      { action: 'Allow', protocol: 'ICMP' },
      { action: 'Allow', protocol: 'ICMPv6' },
    ],
  },
};
const ASKED: FlowsRequest = { op: 'flows', limit: 1000 };

t.setTimeout(120_000);

t.test('who talked to whom, by which rule, and how much: told by a real kernel', needsRoot, async (t) => {
  const lab = await PacketLab.make(`vrf${process.pid}`, PODS, OUTSIDE);
  const namespace = `/run/netns/${lab.host}`;
  const [kernel, nft] = [await openKernel({ namespace }), openNft({ namespace })];
  const scene = new Scene({
    ...{ namespaces: { red: {} }, serviceAccounts: {}, nodes: [] },
    pods: PODS.map((ip, at) => ({
      ...{ namespace: 'red', name: `pod-${at}`, ip, labels: { at: `${at}` }, ports: [], hostNetwork: false },
    })),
  });
  scene.change({ apply: [POLICY] as never, delete: [], labels: [], expect: [] });
  const { world } = scene.world();
  const local = world.endpoints.map((endpoint, at) => ({ interfaceName: `cali${at}`, endpoint }));
  const filter = new FilterReconciler({ nft, clock: systemClock, log: silentLog });
  const followed = new FollowedConnections(filter);
  await t.test('where nothing asks for the state of connections, the log’s own table does', async (t) => {
    const speak = () => lab.sendOnly([['10.9.0.1', '10.9.0.2', 9]]);
    await speak();
    t.same(await kernel.connectionList(), []);
    t.same(await followed.follow(true), []);
    await speak();
    t.match(await kernel.connectionList(), [{ original: { source: '10.9.0.1' } }]);
    await followed.follow(false);
    t.notMatch(await mustRun(inNamespace(lab.host, ['nft', 'list', 'tables'])), /vrouter-flows/);
  });
  const policy = new PolicyReconciler({ filter });
  await policy.apply(new DesiredPolicies().of(enforcementOf(world, local)), []);
  t.same(policy.failures(), []);
  const nodename = 'here';
  for (const endpoint of world.endpoints) Object.assign(endpoint, { node: nodename });
  const common = { kernel, world: () => world, tierOf: () => 'default', clock: systemClock, log: silentLog };
  const drops = new Drops({ ...common, policy });
  const flows = new FlowLog({ ...common, drops, followed, nodename });
  t.teardown(async () => {
    await flows.stop();
    drops.stop();
    kernel.close();
    nft.close();
    await lab.remove();
  });
  const workloads = PODS.map((addresses, at) => ({
    ...{ key: `red/pod-${at}`, interfaceName: `cali${at}`, floatingIps: [], sourcePrefixes: [], why: '' },
    addresses: addresses.map((one) => `${one}/${one.includes(':') ? 128 : 32}`),
  }));
  const host = { forwarding: true, uplinks: undefined, routeSource: {} };
  const apply = async (flowLog: boolean): Promise<void> => {
    flows.applied({ workloads, host: { ...host, flowLog } });
    await flows.settled;
  };
  const accounting = (): Promise<string> => kernel.sysctl('net.netfilter.nf_conntrack_acct');
  // What comes to the pods is answered by them, and by nobody who listens.
  for (const at of [0, 1]) await mustRun(inNamespace(`${lab.host}-cali${at}`, ['nft', 'flush', 'ruleset']));
  const send = async (script: string): Promise<void> => {
    await mustRun(inNamespace(`${lab.host}-cali0`, ['bash', '-c', `(${script}) 2>/dev/null || true`]));
  };
  /** All that is seen so far, when there are so many. */
  const seen = async (count: number, more: Partial<FlowsRequest> = {}): Promise<readonly FlowAnswer[]> => {
    for (;;) {
      const { flows: found } = await flows.answer({ ...ASKED, ...more });
      if (found.length >= count) return found;
      await flows.answer({ ...ASKED, follow: true });
    }
  };

  await t.test('while it is off the kernel is asked nothing, and the answer says how to have it', async (t) => {
    await t.rejects(flows.answer(ASKED), { code: 'FLOWS_OFF', message: /flowLogsLocalReporter/ });
    t.equal(await accounting(), '0');
  });

  await t.test('connections of both IP versions, with their rule; packets and octets when they end', async (t) => {
    await apply(true);
    t.equal(await accounting(), '1');
    t.same(flows.problems(), []);
    for (const to of PODS[1]) {
      await send(`echo > /dev/tcp/${to}/80`);
      await send(`echo hello > /dev/udp/${to}/53`);
      await mustRun(inNamespace(`${lab.host}-cali0`, ['ping', '-n', '-c', '1', to]));
    }
    const six = await seen(6);
    for (const [at, to] of PODS[1].entries()) {
      const from = PODS[0][at];
      const of = (protocol: string) => six.find((one) => one.protocol === protocol && one.destination.address === to);
      const ends = {
        ...{ verdict: 'FORWARDED', begun: 1 },
        source: { name: 'red/pod-0', address: from },
        destination: { name: 'red/pod-1', address: to },
      };
      const by = (rule: string) => [
        { direction: 'egress', allowed: true, decidedBy: 'profile kns.red', isHere: true },
        { direction: 'ingress', allowed: true, tier: 'default', policy: 'NetworkPolicy red/some', rule, isHere: true },
      ];
      t.match(of('tcp'), { ...ends, destination: { port: 80 }, decisions: by('1') });
      t.match(of('udp'), { ...ends, destination: { port: 53 }, decisions: by('2') });
      const [icmp, type, rule] = at === 0 ? ['icmp', 8, '3'] : ['icmpv6', 128, '4'];
      t.match(of(`${icmp}`), { ...ends, icmp: { type, code: 0 }, decisions: by(`${rule}`) });
    }
    await kernel.connectionsDelete(await kernel.connectionList());
    await flows.answer({ ...ASKED, follow: true });
    const carried = (await seen(6)).map(({ protocol, family, ...flow }) => {
      const { begun, ended, packets, octets, answeredPackets, answeredOctets } = flow;
      return [`${protocol} ${family}`, [begun, ended, packets, octets, answeredPackets, answeredOctets]];
    });
    t.same(Object.fromEntries(carried), {
      'tcp 4': [1, 1, 1, 60, 1, 40],
      'udp 4': [1, 1, 1, 34, 0, 0],
      'icmp 4': [1, 1, 1, 84, 1, 84],
      'tcp 6': [1, 1, 1, 80, 1, 60],
      'udp 6': [1, 1, 1, 54, 0, 0],
      'icmpv6 6': [1, 1, 1, 104, 1, 104],
    });
  });

  await t.test('what is denied is told by its rule, and by the end of the tier', async (t) => {
    for (const to of PODS[1]) {
      await send(`echo hello > /dev/udp/${to}/99`);
      await send(`echo hello > /dev/udp/${to}/100`);
    }
    const denied = await seen(4, { denied: true });
    t.equal(denied.length, 4);
    for (const one of denied) {
      const rule = { tier: 'default', policy: 'NetworkPolicy red/some', rule: '0' };
      t.match(one, { verdict: 'DENIED', protocol: 'udp', packets: 1, source: { name: 'red/pod-0' } });
      t.match(one.decisions, [
        {
          direction: 'ingress',
          allowed: false,
          isHere: true,
          ...(one.destination.port === 99 ? rule : { tier: 'default' }),
        },
      ]);
    }
    t.same((await flows.answer({ ...ASKED, pod: 'red/nobody' })).flows, []);
  });

  await t.test('what no pod of the node has a part in is left out', async (t) => {
    const before = (await seen(1)).length;
    await mustRun(inNamespace(lab.host, ['bash', '-c', 'echo hello > /dev/udp/127.0.0.1/9 || true']));
    await send(`echo hello > /dev/udp/${PODS[1][0]}/53`);
    t.equal((await seen(before)).filter(({ source }) => source.address === '127.0.0.1').length, 0);
  });

  await t.test('off again, nothing is left of it', async (t) => {
    await flows.stop();
    t.equal(await accounting(), '0');
    await t.rejects(flows.answer(ASKED), { code: 'FLOWS_OFF' });
    const text = await mustRun(inNamespace(lab.host, ['nft', 'list', 'ruleset']));
    t.notMatch(text, /log prefix|vrouter-flows/);
  });
});
