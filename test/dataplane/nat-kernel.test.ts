import { execFileSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { NO_TUNNELS } from '../../src/calc/index.ts';
import type { FilterInputs } from '../../src/dataplane/tables.ts';
import { openNft } from '../../src/nftables/index.ts';
import { pool } from '../calc/pool.ts';
import { hostsOf, vxlan } from '../calc/tunnels.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';
import { PacketFilter } from './packet-filter.ts';

t.setTimeout(3_600_000);

const POD = '10.244.1.2';
const OUTSIDE = '172.31.9.2';
const NODE = '172.31.9.1';
/** The node's address on its tunnel device, and who is at the other end. */
const TUNNEL = '10.244.5.0';
const FAR = '10.244.6.0';

const POOL = pool('10.244.0.0/16', { encapsulation: 'vxlan', natOutgoing: true });

/**
 *     pod 10.244.1.2 ── node 172.31.9.1 ── outside 172.31.9.2, which has a route to the services by the node
 *                            └─ vxlan.calico 10.244.5.0 ── far 10.244.6.0
 *
 * The tunnel is a veth here: what matters is whose address packets have on it. What arrives is counted by nftables.
 */
class Network {
  readonly #spaces = { pod: makeNamespace(), node: makeNamespace(), outside: makeNamespace(), far: makeNamespace() };
  readonly nat: PacketFilter;

  constructor(t: Test) {
    const nft = openNft({ namespace: this.#spaces.node.path });
    this.nat = new PacketFilter({ nft, clock: systemClock, log: silentLog });
    t.teardown(() => {
      this.nat.stop();
      for (const space of Object.values(this.#spaces)) space.remove();
    });
    const { pod, outside, far } = this.#spaces;
    this.ip('node', `link add cali1 type veth peer name eth0 netns ${pod.name}`);
    this.ip('node', `link add eth0 type veth peer name eth0 netns ${outside.name}`);
    this.ip('node', `link add vxlan.calico type veth peer name eth0 netns ${far.name}`);
    for (const device of ['cali1', 'eth0', 'vxlan.calico']) this.ip('node', `link set ${device} up`);
    for (const name of ['pod', 'outside', 'far'] as const) this.ip(name, 'link set eth0 up');
    this.ip('node', `addr add 169.254.1.1/32 dev cali1`);
    this.ip('node', `route add ${POD}/32 dev cali1`);
    this.ip('node', `addr add ${NODE}/24 dev eth0`);
    this.ip('node', `addr add ${TUNNEL}/32 dev vxlan.calico`);
    this.ip('node', `route add ${FAR}/26 dev vxlan.calico`);
    this.ip('node', `route add default via ${OUTSIDE}`);
    this.ip('pod', `addr add ${POD}/32 dev eth0`);
    this.ip('pod', 'route add 169.254.1.1/32 dev eth0');
    this.ip('pod', 'route add default via 169.254.1.1');
    this.ip('outside', `addr add ${OUTSIDE}/24 dev eth0`);
    this.ip('outside', `route add 10.96.0.0/12 via ${NODE}`);
    this.ip('far', `addr add ${FAR}/32 dev eth0`);
    this.ip('far', `route add ${TUNNEL}/32 dev eth0`);
    this.ip('far', `route add 10.244.1.0/26 dev eth0`);
    for (const name of ['node', 'outside'] as const) this.run(name, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  }

  ip(where: keyof Network['spaces'], words: string): void {
    this.run(where, 'ip', ...words.split(' '));
  }

  /** Runs a command there; what fails throws, unless it is a ping without an answer. */
  run(where: keyof Network['spaces'], ...command: readonly string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.#spaces[where].name, ...command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  get spaces(): Readonly<Record<'pod' | 'node' | 'outside' | 'far', unknown>> {
    return this.#spaces;
  }

  /** How many packets that match arrive there while `work` is done. */
  arriving(where: keyof Network['spaces'], match: string, work: () => void): number {
    this.run(
      where,
      'nft',
      'add table ip vrt; flush table ip vrt; add chain ip vrt seen { type filter hook prerouting priority -300 ; }',
    );
    this.run(where, 'nft', `add rule ip vrt seen ${match} counter`);
    work();
    const listing = this.run(where, 'nft', 'list', 'table', 'ip', 'vrt');
    return Number(/counter packets (\d+)/.exec(listing)?.[1]);
  }

  ping(from: keyof Network['spaces'], to: string, ...options: readonly string[]): boolean {
    try {
      this.run(from, 'ping', '-n', '-c', '1', '-W', '1', ...options, to);
      return true;
    } catch {
      return false;
    }
  }

  /** One UDP packet from the pod. */
  udp(to: string, port = 9): void {
    this.run('pod', 'bash', '-c', `echo > /dev/udp/${to}/${port}`);
  }
}

function inputs(more: Partial<FilterInputs> = {}): FilterInputs {
  return {
    pools: [POOL],
    nat: { hosts: undefined, address: undefined, ports: undefined, outInterface: undefined, floatingIps: [] },
    services: { cidrs: [], loops: 'Drop' },
    spoofing: [],
    tunnels: { 4: [], 6: [] },
    wireguard: undefined,
    wireguard6: undefined,
    encapsulation: NO_TUNNELS,
    interfacePrefix: 'cali',
    ...more,
  };
}

t.test('natOutgoing and its settings, on packets', needsRoot, async (t) => {
  const network = new Network(t);
  const { nat: plain } = inputs();
  const cases: Readonly<Record<string, readonly [Partial<FilterInputs['nat']>, string]>> = {
    'the node’s address': [{}, `ip saddr ${NODE} udp dport 9`],
    'a port of natPortRange': [{ ports: '40000-40003' }, `ip saddr ${NODE} udp sport 40000-40003`],
    natOutgoingAddress: [{ address: '192.0.2.7' }, 'ip saddr 192.0.2.7 udp dport 9'],
    'both together': [{ address: '192.0.2.7', ports: '40000-40003' }, 'ip saddr 192.0.2.7 udp sport 40000-40003'],
    'a link of iptablesNATOutgoingInterfaceFilter': [{ outInterface: 'et+' }, `ip saddr ${NODE} udp dport 9`],
    'the pod’s own address by another link': [{ outInterface: 'wlan+' }, `ip saddr ${POD} udp dport 9`],
    'the pod’s own address to a host that is excluded': [
      { hosts: hostsOf(`${OUTSIDE}/32`) },
      `ip saddr ${POD} udp dport 9`,
    ],
  };
  for (const [what, [settings, match]] of Object.entries(cases)) {
    await network.nat.apply(inputs({ nat: { ...plain, ...settings } }));
    t.same(network.nat.failures(), [], what);
    t.equal(
      network.arriving('outside', match, () => network.udp(OUTSIDE)),
      1,
      what,
    );
  }
});

t.test('what the host sends into a tunnel has the tunnel’s address; pods keep theirs', needsRoot, async (t) => {
  const network = new Network(t);
  await network.nat.apply(inputs());
  t.notOk(network.ping('node', FAR, '-I', NODE), 'the far end knows no way back');
  await network.nat.apply(inputs({ tunnels: { 4: ['vxlan.calico'], 6: [] } }));
  t.same(network.nat.failures(), []);
  t.ok(network.ping('node', FAR, '-I', NODE));
  t.equal(
    network.arriving('far', `ip saddr ${TUNNEL} icmp type echo-request`, () => network.ping('node', FAR, '-I', NODE)),
    1,
  );
  t.ok(network.ping('node', FAR), 'as does what is sent with it anyway');
  t.equal(
    network.arriving('far', `ip saddr ${POD} icmp type echo-request`, () => network.ping('pod', FAR)),
    1,
  );
});

t.test('natOutgoing does not make a pod’s VXLAN a node’s', needsRoot, async (t) => {
  const network = new Network(t);
  const arrived = async (allowed: boolean, port: number, hosts = [`${OUTSIDE}/32`]): Promise<number> => {
    const fromPods = { ...NO_TUNNELS.fromPods, vxlan: allowed };
    await network.nat.apply(
      inputs({ encapsulation: { ...NO_TUNNELS, vxlan4: vxlan([]), hosts: hostsOf(...hosts), fromPods } }),
    );
    return network.arriving('outside', `ip saddr ${NODE} udp dport ${port}`, () => network.udp(OUTSIDE, port));
  };
  t.equal(await arrived(false, 4789), 0);
  t.equal(await arrived(false, 4790), 1, 'another port');
  t.equal(await arrived(false, 4789, []), 0, 'to whomever it may be');
  t.equal(await arrived(true, 4789), 1, 'allowVXLANPacketsFromWorkloads');
});

t.test('a packet to a service that does not exist does not go in circles', needsRoot, async (t) => {
  const network = new Network(t);
  for (const device of ['all', 'eth0']) network.run('node', 'sysctl', '-qw', `net.ipv4.conf.${device}.rp_filter=0`);
  const ping = (): void => void network.ping('pod', '10.96.0.10', '-t', '9');
  const services = (loops: 'Drop' | 'Reject' | 'Disabled'): FilterInputs =>
    inputs({ pools: [{ ...POOL, natOutgoing: false }], services: { cidrs: ['10.96.0.0/12'], loops } });
  const arrived = (): number => network.arriving('outside', 'ip daddr 10.96.0.10', ping);
  await network.nat.apply(services('Disabled'));
  t.ok(arrived() > 2, 'left alone, it comes again and again');
  for (const loops of ['Drop', 'Reject'] as const) {
    await network.nat.apply(services(loops));
    t.equal(arrived(), 0, loops);
  }
  const told = (): number => network.arriving('pod', 'icmp type destination-unreachable', ping);
  t.equal(told(), 1, 'Reject: the pod is told');
  network.run('node', 'nft', 'add table ip proxy; add chain ip proxy pre { type nat hook prerouting priority -100 ; }');
  network.run('node', 'nft', `add rule ip proxy pre ip daddr 10.96.0.10 dnat to ${OUTSIDE}`);
  t.equal(network.arriving('outside', `ip saddr ${POD} icmp type echo-request`, ping), 1, 'a service that exists');
});

t.test('each change is one transaction, whole', needsRoot, async (t) => {
  const network = new Network(t);
  const all = inputs({ services: { cidrs: ['10.96.0.0/12'], loops: 'Drop' }, tunnels: { 4: ['vxlan.calico'], 6: [] } });
  await network.nat.apply(all);
  // What packets put into sets is not ours.
  const listed = (): string =>
    network.run('node', 'nft', '-a', 'list', 'ruleset').replaceAll(/^\s*elements = { "cali1".*\n/gm, '');
  const before = listed();
  t.same([...before.matchAll(/^table ip (\S+)/gm)].map(([, name]) => name).sort(), [
    'vrouter-encapsulation',
    'vrouter-nat',
    'vrouter-services',
    'vrouter-sources',
    'vrouter-tunnels',
  ]);
  await network.nat.resync();
  t.equal(listed(), before, 'looking again changes nothing');
  network.run('node', 'nft', 'flush', 'chain', 'ip', 'vrouter-nat', 'postrouting');
  await network.nat.resync();
  t.match(network.run('node', 'nft', 'list', 'table', 'ip', 'vrouter-nat'), /masquerade/);
  await network.nat.apply(inputs({ pools: [] }));
  t.notMatch(network.run('node', 'nft', 'list', 'ruleset'), 'vrouter-nat');
});
