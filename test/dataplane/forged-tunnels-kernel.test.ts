import t, { type Test } from 'tap';
import { type Desired, NO_TUNNELS } from '../../src/calc/index.ts';
import { hostsOf, vxlan } from '../calc/tunnels.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import { wanted } from './host.ts';
import { FAMILIES, POD, PodNetwork } from './pod-network.ts';

t.setTimeout(240_000);

type Family = 4 | 6;
const BOTH = [4, 6] as const;
const FRAMES = 5;
/** A network of its own, so that it may stand beside that of the dataplane. */
const VNI = 99;
/** The MAC of every end of it, and an address behind them. */
const MAC = '66:00:00:00:00:09';
const INSIDE = '10.244.99.9';
/** A third node's address. */
const CLAIMED = { 4: '172.31.9.3', 6: 'fd00:9::3' } as const;

/**
 * A pod that makes frames of VXLAN, and two nodes, its own and another one, that take whatever comes for VXLAN's port: how
 * many of the frames come out of the tunnel is what the pod achieves.
 */
class Forger {
  readonly #network: PodNetwork;
  readonly #family: Family;

  constructor(network: PodNetwork, family: Family) {
    this.#network = network;
    this.#family = family;
    for (const [where, local] of [
      ['node', FAMILIES[family].node],
      ['outside', FAMILIES[family].outside],
    ] as const) {
      network.ip(where, `link add vx type vxlan id ${VNI} dstport 4789 local ${local} dev eth0`);
      network.ip(where, `link set vx address ${MAC} up`);
    }
    network.ip('pod', `addr add ${CLAIMED[family]}/${family === 4 ? 32 : 128} dev lo`);
  }

  /** Frames that come out at the far end, of five that the pod sends with this outer source. */
  arrived(source: string, at: 'node' | 'outside'): number {
    const before = this.#received(at);
    const remote = FAMILIES[this.#family][at];
    this.#network.ip('pod', `link add vx type vxlan id ${VNI} dstport 4789 local ${source} remote ${remote}`);
    // Without what the kernel itself would send over IPv6, the frames are just ours.
    this.#network.run('pod', 'sysctl', '-qw', 'net.ipv6.conf.vx.disable_ipv6=1');
    for (const words of ['link set vx up', 'addr add 10.244.99.1/24 dev vx']) this.#network.ip('pod', words);
    this.#network.ip('pod', `neigh add ${INSIDE} lladdr ${MAC} dev vx`);
    this.#network.ping('pod', INSIDE, '-I', 'vx', '-c', String(FRAMES), '-i', '0.01', '-W', '0.2');
    this.#network.ip('pod', 'link delete vx');
    return this.#received(at) - before;
  }

  #received(at: 'node' | 'outside'): number {
    const [link] = JSON.parse(this.#network.run(at, 'ip', '-s', '-j', 'link', 'show', 'vx'));
    return link.stats64.rx.packets;
  }
}

function desired(encapsulates: boolean): Desired {
  const { 4: four, 6: six } = FAMILIES;
  const tunnels = {
    ...NO_TUNNELS,
    vxlan4: vxlan([], { underlay: four.node }),
    vxlan6: vxlan([], { family: 6, underlay: six.node, address: 'fd00:245::' }),
    hosts: hostsOf(
      `${four.node}/32`,
      `${four.outside}/32`,
      `${six.node}/128`,
      `${six.outside}/128`,
      `${CLAIMED[4]}/32`,
      `${CLAIMED[6]}/128`,
    ),
  };
  return { ...wanted([]), workloads: [POD], ...(encapsulates && { tunnels }) };
}

/** A pod behind a dataplane, and what may go on beside it: kernels that take a pod's source as it is. */
async function forged(t: Test, family: Family): Promise<{ network: PodNetwork; forger: Forger }> {
  const network = await PodNetwork.create(t);
  return { network, forger: new Forger(network, family) };
}

for (const family of BOTH) {
  const { pod } = FAMILIES[family];
  const claimed = CLAIMED[family];

  t.test(`no pod puts a frame into VXLAN over IPv${family}, whosever address it claims`, needsRoot, async (t) => {
    const { network, forger } = await forged(t, family);
    await network.dataplane.start(desired(false));
    await network.dataplane.resync();
    t.same(network.dataplane.tables.failures(), []);
    const tables = network.tables();
    for (const where of ['node', 'outside'] as const) {
      t.equal(forger.arrived(pod, where), 0, `with its own address, at ${where}`);
      t.equal(forger.arrived(claimed, where), 0, `with a node's, at ${where}`);
    }
    for (const name of tables) network.run('node', 'nft', 'delete', 'table', ...name.split(' '));
    network.run('node', 'sysctl', '-qw', 'net.ipv4.conf.caliweb.rp_filter=0');
    t.equal(forger.arrived(pod, 'node'), FRAMES, 'and without our tables all five of them would come out');
    t.equal(forger.arrived(claimed, 'node'), FRAMES);
    t.equal(forger.arrived(claimed, 'outside'), FRAMES);
  });

  t.test(`nor where pools ask for tunnels; what is allowed comes from its own address`, needsRoot, async (t) => {
    const { network, forger } = await forged(t, family);
    const tunnelled = desired(true);
    await network.dataplane.start(tunnelled);
    await network.dataplane.resync();
    t.same(network.dataplane.tables.failures(), []);
    for (const source of [pod, claimed]) t.equal(forger.arrived(source, 'node'), 0, source);
    const fromPods = { ...NO_TUNNELS.fromPods, vxlan: true };
    await network.apply(
      { ...tunnelled, tunnels: { ...tunnelled.tunnels, fromPods } },
      'VXLAN comes from no pod',
      false,
    );
    t.equal(forger.arrived(claimed, 'node'), 0, "a node's address is still not the pod's");
    t.equal(forger.arrived(pod, 'node'), 0, 'and it is no node');
  });
}
