import t from 'tap';
import { cluster, podsOf, put } from './cluster.ts';
import { startSeeing, untilMore, untilSeen } from './leaving.ts';
import { missing, startPing } from './pinging.ts';
import { needsRouters, startFrr } from './routers.ts';

/** The egress address, the pool, and an address outside, all on nobody's subnet. */
const [EGRESS, POOL, OUTSIDE] = ['192.0.2.7', '10.99.0.0/24', '203.0.113.1'];
/** Milliseconds between BFD's packets, and how many may be lacking; of a ping, between its echoes. */
const [INTERVAL, MULTIPLIER, ECHO] = [100, 3, 20];

/** A ToR that takes the egress address alone, and has BFD watch who announces it. */
function torConfig(own: string, nodes: readonly string[]): string {
  const each = (text: (node: string) => string): string => nodes.map(text).join('\n');
  return `router bgp 65001
 bgp router-id ${own}
 no bgp ebgp-requires-policy
${each((node) => ` neighbor ${node} remote-as 64512\n neighbor ${node} timers connect 1\n neighbor ${node} bfd ${MULTIPLIER} ${INTERVAL} ${INTERVAL}`)}
 address-family ipv4 unicast
${each((node) => `  neighbor ${node} route-map egress in`)}
 exit-address-family
ip prefix-list egress permit ${EGRESS}/32
route-map egress permit 10
 match ip address prefix-list egress
`;
}

t.test('the gateway of an egress address is lost with its machine, behind FRR with BFD', needsRouters, async (t) => {
  const lab = await cluster(t, { nodes: 3 });
  const tor = await lab.addHost('tor');
  const addresses = lab.nodes.map(({ address }) => address.split('/')[0]);
  // The lab forgets a node that is lost.
  const names = new Map(lab.nodes.map(({ name }, at) => [addresses[at], name]));
  const own = tor.address.split('/')[0];
  await lab.exec('tor', ['ip', 'address', 'add', `${OUTSIDE}/32`, 'dev', 'lo']);
  for (const { name } of lab.nodes) await lab.exec(name, ['ip', 'route', 'replace', 'default', 'via', own]);
  const times = { minimumSendInterval: `${INTERVAL}ms`, minimumRecvInterval: `${INTERVAL}ms`, idleSendInterval: '1s' };
  await put(lab, 'BFDConfiguration', 'default', {
    interfaces: [{ matchPattern: 'eth*', ...times, multiplier: MULTIPLIER }],
  });
  await put(lab, 'BGPPeer', 'tor', {
    ...{ peerIP: own, asNumber: 65001, failureDetectionMode: 'BFDIfDirectlyConnected' },
  });
  for (const name of ['node1', 'node2']) await lab.calicoctl('node1', ['label', 'nodes', name, 'gateway=yes']);
  const pool = { cidr: POOL, blockSize: 28, natOutgoing: true, assignmentMode: 'Manual' };
  await put(lab, 'IPPool', 'leaving', pool, { egressAddress: EGRESS, egressNodes: 'has(gateway)' });
  const frr = startFrr(t, lab, tor.namespace, torConfig(own, addresses));
  await lab.addPod('node3', { ipam: { type: 'calico-ipam', ipv4_pools: [POOL] } });
  const [pod] = podsOf(lab, 'node3');
  await startSeeing(lab, t, tor.namespace);

  /** The node by which the ToR's kernel goes to the address. */
  const gateway = async (): Promise<string | undefined> => {
    const { stdout } = await lab.exec('tor', ['ip', 'route', 'show', EGRESS]);
    return names.get(/via (\S+)/.exec(stdout)?.[1] ?? '');
  };
  const lasting = await untilSeen(lab, t, pod, OUTSIDE, EGRESS);
  const first = await lab.until('the ToR to go by the gateway', gateway);
  const other = first === 'node1' ? 'node2' : 'node1';
  const watched = async (): Promise<boolean> => {
    const text = await frr.ask('show bfd peers json');
    if (text.match(/"status":\s*"up"/g)?.length !== lab.nodes.length) throw new Error(text);
    return true;
  };
  await lab.until('BFD with all', watched);

  const ping = startPing(pod.namespace, OUTSIDE);
  await lab.until('replies', async () => ping.replies.length > 10);
  // No machine says farewell.
  await lab.setCable(first, false);
  await lab.loseNode(first);
  await lab.until('the ToR to go there no more', async () => (await gateway()) === undefined);
  const { code, stderr } = await lab.calicoctl(other, ['delete', 'node', first]);
  t.equal(code, 0, stderr);
  await lab.until('the other gateway', async () => (await gateway()) === other);
  const seen = ping.replies.length;
  await lab.until('replies by way of it', async () => ping.replies.length > seen + 10);
  await untilMore(lab, lasting);
  const lost = missing(await ping.stop()).length;
  t.ok(lost > 0, 'it was lost, and not drained');
  t.comment(
    `${lost} echoes of a pod, one every ${ECHO} ms, were lost from the machine's end on: until the Node was deleted, and then`,
  );
});
