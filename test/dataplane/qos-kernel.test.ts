import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { type Clock, silentLog, systemClock, VirtualClock } from '../../src/base/index.ts';
import type { DesiredQos } from '../../src/calc/index.ts';
import { FilterReconciler } from '../../src/dataplane/filter/index.ts';
import { ifbName } from '../../src/dataplane/qos/ifb-name.ts';
import { QosReconciler } from '../../src/dataplane/qos/reconcile.ts';
import { openKernel } from '../../src/netlink/index.ts';
import { openNft } from '../../src/nftables/index.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';
import { pods, qos } from './limited.ts';

t.setTimeout(3_600_000);

const POD = '10.0.0.1';
const OUTSIDE = '172.31.9.2';
const NODE = '172.31.9.1';
const DEVICE = 'caliweb';
/** So slow, and with so small a bucket, that of many packets sent at once some are dropped however slow the machine is. */
const SLOW = { bandwidth: 100_000, burst: 16_000 };
const MANY = 30;
/** From Debian's containernetworking-plugins. */
const PLUGIN = '/usr/lib/cni/bandwidth';

type Place = 'pod' | 'node' | 'outside';

/** pod 10.0.0.1 ── caliweb of a node 172.31.9.1 ── outside 172.31.9.2 */
class Network {
  readonly #spaces = { pod: makeNamespace(), node: makeNamespace(), outside: makeNamespace() };
  readonly #t: Test;

  constructor(t: Test) {
    this.#t = t;
    t.teardown(() => {
      for (const space of Object.values(this.#spaces)) space.remove();
    });
    const { pod, outside } = this.#spaces;
    this.#ip(
      'node',
      `link add ${DEVICE} type veth peer name eth0 netns ${pod.name}`,
      `link add eth0 type veth peer name eth0 netns ${outside.name}`,
      `link set ${DEVICE} up`,
      'link set eth0 up',
      `addr add 169.254.1.1/32 dev ${DEVICE}`,
      `addr add ${NODE}/24 dev eth0`,
    );
    this.#ip('pod', 'link set eth0 up', `addr add ${POD}/32 dev eth0`, 'route add 169.254.1.1/32 dev eth0');
    this.#ip('pod', 'route add default via 169.254.1.1');
    this.#ip('node', `route add ${POD}/32 dev ${DEVICE}`);
    this.#ip('outside', 'link set eth0 up', `addr add ${OUTSIDE}/24 dev eth0`, `route add ${POD}/32 via ${NODE}`);
    this.run('node', 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  }

  #ip(where: Place, ...commands: readonly string[]): void {
    for (const words of commands) this.run(where, 'ip', ...words.split(' '));
  }

  run(where: Place, ...command: readonly string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.#spaces[where].name, ...command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** A node process in the namespace, which ends with the test. */
  start(where: Place, script: string) {
    const child = spawn('ip', ['netns', 'exec', this.#spaces[where].name, process.execPath, '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#t.teardown(() => child.kill('SIGKILL'));
    return child;
  }

  /** A reconciler that has looked at the kernel, for these limits of the pod. */
  async limited(its: DesiredQos | undefined): Promise<QosReconciler> {
    const { reconciler, tellLinks } = await this.#reconciler(its, systemClock);
    await tellLinks();
    await reconciler.check();
    return reconciler;
  }

  /** One that had looked before the pod came. */
  async limitedBefore(its: DesiredQos | undefined, clock: Clock): Promise<QosReconciler> {
    const { reconciler, tellLinks } = await this.#reconciler(its, clock);
    await reconciler.check();
    await tellLinks();
    await reconciler.check();
    return reconciler;
  }

  async #reconciler(its: DesiredQos | undefined, clock: Clock) {
    const namespace = this.#spaces.node.path;
    const kernel = await openKernel({ namespace });
    const filter = new FilterReconciler({ nft: openNft({ namespace }), clock, log: silentLog });
    const reconciler = new QosReconciler({ kernel, filter, clock, log: silentLog });
    this.#t.teardown(() => {
      reconciler.stop();
      kernel.close();
    });
    reconciler.apply(pods({ web: its }).workloads);
    const tellLinks = async (): Promise<void> => {
      for (const link of await kernel.linkList()) reconciler.linkChanged(link, true);
    };
    return { reconciler, tellLinks };
  }

  /** What the bandwidth plugin does when it comes after ours in the chain. */
  bandwidthPlugin(): void {
    const bandwidth = { ingressRate: 1e6, ingressBurst: 1e6, egressRate: 2e6, egressBurst: 1e6 };
    const { node, pod } = this.#spaces;
    const interfaces = [{ name: DEVICE }, { name: 'eth0', sandbox: pod.path }];
    const ips = [{ address: `${POD}/32`, interface: 1 }];
    const prevResult = { cniVersion: '1.0.0', interfaces, ips };
    const input = { cniVersion: '1.0.0', name: 'pods', type: 'bandwidth', runtimeConfig: { bandwidth }, prevResult };
    execFileSync('ip', ['netns', 'exec', node.name, PLUGIN], {
      input: JSON.stringify(input),
      env: {
        ...process.env,
        CNI_COMMAND: 'ADD',
        CNI_CONTAINERID: 'c',
        CNI_NETNS: pod.path,
        CNI_IFNAME: 'eth0',
        CNI_PATH: '/usr/lib/cni',
      },
    });
  }

  /** So many packets at once, without waiting for answers; nobody has to answer. */
  burst(from: Place, to: string): void {
    try {
      this.run(from, 'ping', '-n', '-q', '-c', String(MANY), '-l', String(MANY), '-s', '1400', '-W', '1', to);
    } catch {
      // Answers were lost, as they should be.
    }
  }

  /** Packets that the device's token bucket has sent, and those that it had no room for. */
  bucket(device: string): { readonly packets: number; readonly drops: number } {
    const [found] = JSON.parse(this.run('node', 'tc', '-s', '-j', 'qdisc', 'show', 'dev', device, 'root'));
    return found;
  }

  /** Everything that limits something, with the kernel's own numbers for it. */
  shown(): string {
    const qdiscs = ['qdisc', `filter show dev ${DEVICE} ingress`].map((words) =>
      this.run('node', 'tc', ...words.split(' ')),
    );
    return [...qdiscs, this.run('node', 'nft', '-as', 'list', 'ruleset')].join('\n');
  }

  counted(table: string, comment: string): number {
    const listing = this.run('node', 'nft', 'list', 'table', 'inet', table);
    const line = listing.split('\n').find((text) => text.includes(comment)) ?? '';
    return Number(/counter packets (\d+)/.exec(line)?.[1]);
  }
}

t.test(
  'a bandwidth holds back what is too much, in each direction, and lets the rest through',
  needsRoot,
  async (t) => {
    const network = new Network(t);
    t.same((await network.limited(qos(SLOW, SLOW))).failures(), []);
    network.run('outside', 'ping', '-n', '-c', '1', '-W', '5', POD);
    const ways = { [DEVICE]: ['outside', POD], [ifbName(DEVICE)]: ['pod', OUTSIDE] } as const;
    for (const device of Object.keys(ways)) {
      t.equal(network.bucket(device).drops, 0, `${device}: one packet passes`);
      t.ok(network.bucket(device).packets > 0, `${device}: by the bucket`);
    }
    for (const [device, [from, to]] of Object.entries(ways)) {
      network.burst(from, to);
      t.ok(network.bucket(device).drops > 0, `${device}: of ${MANY} at once some are dropped`);
    }
  },
);

t.test('packets beyond a rate are dropped, and no others', needsRoot, async (t) => {
  const network = new Network(t);
  const rate = { packetRate: 1, packetBurst: 5 };
  const reconciler = await network.limited(qos({}, rate));
  t.same(reconciler.failures(), []);
  const [table, chain] = ['ip vrt', 'ip vrt seen'];
  network.run('outside', 'nft', `add table ${table}; add chain ${chain} { type filter hook input priority 0 ; }`);
  network.run('outside', 'nft', `add rule ${chain} icmp type echo-request counter`);
  network.burst('pod', OUTSIDE);
  const arrived = Number(
    /packets (\d+)/.exec(network.run('outside', 'nft', 'list', 'table', ...table.split(' ')))?.[1],
  );
  const dropped = network.counted('vrouter-packet-rates', 'egressPacketRate');
  t.ok(arrived >= 5, `${arrived} arrived`);
  t.ok(dropped > 0, `${dropped} were dropped`);
  t.equal(arrived + dropped, MANY);
});

t.test('of too many connections those that are there live on, and the next is refused', needsRoot, async (t) => {
  const network = new Network(t);
  t.same((await network.limited(qos({ maxConnections: 2 }))).failures(), []);
  const server = network.start('pod', "require('net').createServer().listen(80, () => console.log('ready'))");
  await once(server.stdout, 'data');
  const client = network.start(
    'outside',
    `const connect = () => new Promise((done) => {
      const socket = require('net').connect(80, '${POD}', () => done('connected'));
      socket.on('error', ({ code }) => done(code));
    });
    (async () => console.log([await connect(), await connect(), await connect()].join(' ')))();`,
  );
  const [said] = await once(client.stdout, 'data');
  t.equal(String(said).trim(), 'connected connected ECONNREFUSED');
  t.equal(network.counted('vrouter-connections', 'ingressMaxConnections'), 1);
});

t.test('the bandwidth plugin in the chain is not held up, and then replaced', needsRoot, async (t) => {
  const network = new Network(t);
  const clock = new VirtualClock();
  const reconciler = await network.limitedBefore(qos(SLOW, SLOW), clock);
  network.bandwidthPlugin();
  t.match(network.shown(), /tbf 1: dev caliweb.*Egress Redirect to device bwp/s);
  await clock.advanceAsync(2000);
  await reconciler.check();
  t.same(reconciler.failures(), []);
  t.match(network.shown(), new RegExp(`tbf 80: dev caliweb.*Egress Redirect to device ${ifbName(DEVICE)}`, 's'));
  t.notMatch(network.shown(), /tbf 1: dev caliweb|to device bwp/);
});

t.test('limits are found again, repaired when they were changed by hand, and removed', needsRoot, async (t) => {
  const network = new Network(t);
  const limits = qos({ ...SLOW, packetRate: 100 }, { ...SLOW, maxConnections: 5 });
  const bare = network.shown();
  await network.limited(limits);
  const whole = network.shown();
  const again = await network.limited(limits);
  t.equal(network.shown(), whole, 'a new process writes nothing');
  t.equal(again.entries().filter(({ present }) => present).length, 4);
  network.run('node', 'tc', 'qdisc', 'del', 'dev', DEVICE, 'root');
  network.run('node', 'tc', 'qdisc', 'del', 'dev', DEVICE, 'ingress');
  network.run('node', 'nft', 'flush', 'ruleset');
  await again.check();
  const withoutHandles = (text: string): string => text.replaceAll(/ # handle \d+| index \d+/g, '');
  t.equal(withoutHandles(network.shown()), withoutHandles(whole), 'what somebody took away is there again');
  again.apply(pods({ web: undefined }).workloads);
  await again.check();
  t.equal(network.shown(), bare, 'without the annotations nothing is left');
});
