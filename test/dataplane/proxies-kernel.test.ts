import { execFileSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { Entries, sleep, systemClock } from '../../src/base/index.ts';
import type { Desired, ProxiedAddress } from '../../src/calc/index.ts';
import type { Dataplane } from '../../src/dataplane/index.ts';
import { libc } from '../../src/netlink/libc.ts';
import { inNetworkNamespace } from '../../src/netlink/namespace.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';
import { arp, BROADCAST, ethernet } from './frames.ts';
import { wanted } from './host.ts';
import { RawFrames } from './raw-frames.ts';
import { RealHost } from './real-host.ts';

t.setTimeout(3_600_000);

const VIP = '10.5.0.50';
const VIP6 = 'fd05::50';
const CLIENT = '10.5.0.9';
const [AF_PACKET, SOCK_RAW, MSG_DONTWAIT] = [17, 3, 0x40];
const ETH_P_ARP = 0x0608;

/** A node that answers for these addresses of Services. */
function desired(...addresses: readonly string[]): Desired {
  const values = addresses.map((address): [string, ProxiedAddress] => [address, { address, of: 'service', why: 's' }]);
  const all = Entries.of<ProxiedAddress>(values);
  return {
    ...wanted([]),
    services: { cidrs: [], loops: 'Drop', toLoopback: true },
    reachability: { addresses: all, refresh: 120 },
  };
}

/**
 *     lan (br0: 10.5.0.9, fd05::9) ── a (eth0: 10.5.0.1)
 *                                  └─ b (eth0: 10.5.0.2)
 *
 * In place of kube-proxy a rule sends what is for the addresses to one on the node's loopback.
 */
class Lan {
  readonly lan = makeNamespace();
  readonly spaces = { a: makeNamespace(), b: makeNamespace() };
  readonly planes: Partial<Record<'a' | 'b', Dataplane>> = {};
  readonly hosts: Partial<Record<'a' | 'b', RealHost>> = {};

  constructor(t: Test) {
    t.teardown(() => {
      for (const name of ['a', 'b'] as const) {
        this.planes[name]?.stop();
        this.hosts[name]?.close();
        this.spaces[name].remove();
      }
      this.lan.remove();
    });
  }

  run(where: string, ...command: readonly string[]): string {
    return execFileSync('ip', ['netns', 'exec', where, ...command], { encoding: 'utf8', stdio: 'pipe' });
  }

  async build(): Promise<void> {
    const ip = (where: string, words: string): string => this.run(where, 'ip', ...words.split(' '));
    // An address of the kernel's own that is still tried out sends nothing.
    const tried = ['net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0'];
    for (const { name } of [this.lan, ...Object.values(this.spaces)]) this.run(name, 'sysctl', '-qw', ...tried);
    ip(this.lan.name, 'link add br0 type bridge');
    ip(this.lan.name, 'link set br0 up');
    ip(this.lan.name, `addr add ${CLIENT}/24 dev br0`);
    ip(this.lan.name, 'addr add fd05::9/64 dev br0 nodad');
    for (const [at, name] of (['a', 'b'] as const).entries()) {
      const space = this.spaces[name];
      ip(space.name, `link add eth0 type veth peer name port-${name} netns ${this.lan.name}`);
      ip(this.lan.name, `link set port-${name} master br0 up`);
      ip(space.name, 'link set lo up');
      ip(space.name, 'link set eth0 up');
      ip(space.name, `addr add 10.5.0.${at + 1}/24 dev eth0`);
      ip(space.name, `addr add fd05::${at + 1}/64 dev eth0 nodad`);
      ip(space.name, 'addr add 10.99.0.1/32 dev lo');
      ip(space.name, 'addr add fd99::1/128 dev lo nodad');
      const rules = [
        'add table inet proxy',
        'add chain inet proxy to { type nat hook prerouting priority -100; }',
        `add rule inet proxy to ip daddr ${VIP} dnat ip to 10.99.0.1`,
        `add rule inet proxy to ip6 daddr ${VIP6} dnat ip6 to fd99::1`,
      ];
      this.run(space.name, 'nft', rules.join('; '));
      const host = await RealHost.open(space.path);
      this.hosts[name] = host;
      this.planes[name] = RealHost.dataplane(host.kernel, host.nft);
    }
  }

  pings(address: string): boolean {
    try {
      this.run(this.lan.name, 'ping', '-c1', '-W1', address);
      return true;
    } catch {
      return false;
    }
  }

  /** At which MAC the client has an address, by what it has heard. */
  known(address: string): string | undefined {
    return / lladdr (\S+)/.exec(this.run(this.lan.name, 'ip', 'neigh', 'show', address))?.[1];
  }

  async mac(name: 'a' | 'b'): Promise<string> {
    return (await this.hosts[name]!.kernel.linkGet('eth0'))?.mac ?? '';
  }

  proxied(name: 'a' | 'b'): string {
    return this.run(this.spaces[name].name, 'ip', 'neigh', 'show', 'proxy').trim().replaceAll(/\s+/g, ' ');
  }
}

/** Asks for an address by ARP all the time, and notes who answers, and when. */
class Asker {
  readonly answers: { readonly mac: string; readonly at: number }[] = [];
  readonly #descriptor: number;
  readonly #frames: RawFrames;
  readonly #request: Buffer;
  readonly #timer: NodeJS.Timeout;

  constructor(lan: Lan) {
    const index = Number(lan.run(lan.lan.name, 'cat', '/sys/class/net/br0/ifindex'));
    const mac = lan.run(lan.lan.name, 'cat', '/sys/class/net/br0/address').trim();
    this.#descriptor = inNetworkNamespace(lan.lan.path, () => libc().socket(AF_PACKET, SOCK_RAW, ETH_P_ARP));
    this.#frames = new RawFrames(lan.lan.path, index);
    const question = arp('request', { mac, from: CLIENT, about: VIP });
    this.#request = ethernet({ from: mac, to: BROADCAST }, 'arp', question);
    this.#timer = setInterval(() => this.#turn(), 2);
  }

  #turn(): void {
    this.#frames.send(this.#request);
    const frame = new Uint8Array(128);
    while (Number(libc().recv(this.#descriptor, frame, frame.length, MSG_DONTWAIT)) > 0) {
      const [isReply, sender] = [frame[21] === 2, frame.subarray(28, 32).join('.')];
      if (!isReply || sender !== VIP) continue;
      const mac = Buffer.from(frame.subarray(22, 28))
        .toString('hex')
        .replaceAll(/(..)(?!$)/g, '$1:');
      this.answers.push({ mac, at: systemClock.now() });
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#frames.close();
    libc().close(this.#descriptor);
  }
}

t.test('two nodes and a client on one subnet', needsRoot, async (t) => {
  const lan = new Lan(t);
  await lan.build();
  const [a, b] = [lan.planes.a!, lan.planes.b!];
  const [macA, macB] = [await lan.mac('a'), await lan.mac('b')];
  const until = async (what: string, isSo: () => boolean): Promise<void> => {
    const end = systemClock.now() + 30_000;
    while (!isSo()) {
      if (systemClock.now() > end) throw new Error(`in vain: ${what}`);
      await sleep(systemClock, 10);
    }
  };
  const none = desired();
  const ours = desired(VIP, VIP6);
  lan.run(lan.spaces.a.name, 'ip', 'neigh', 'add', 'proxy', '10.5.0.77', 'dev', 'eth0');
  await a.start(ours);
  await b.start(none);

  await t.test('one of them answers, and what is asked for arrives', async (t) => {
    await until('it answers', () => lan.proxied('a').includes(VIP6) && lan.proxied('a').includes(VIP));
    t.ok(lan.pings(VIP));
    t.ok(lan.pings(VIP6));
    t.equal(lan.known(VIP), macA);
    t.equal(lan.known(VIP6), macA);
    t.match(lan.proxied('a'), '10.5.0.77 dev eth0 proxy', 'what others have is left alone');
    t.equal(lan.proxied('b'), '');
  });

  await t.test('the other one takes over, at once for who knows the former, and there are never two', async (t) => {
    const asker = new Asker(lan);
    await until('the first answers', () => asker.answers.length > 5);
    const started = systemClock.now();
    // As both hear of it at the same time: the new one even before the former.
    b.apply(ours);
    a.apply(none);
    await until('the other answers', () => asker.answers.filter(({ mac }) => mac === macB).length > 50);
    asker.stop();
    const macs = asker.answers.map(({ mac }) => mac);
    t.strictSame([...new Set(macs)], [macA, macB]);
    t.equal(macs.lastIndexOf(macA) + 1, macs.indexOf(macB), 'no answer of the former after the first of the new one');
    const last = asker.answers[macs.lastIndexOf(macA)].at;
    const first = asker.answers[macs.indexOf(macB)].at;
    t.comment(
      `takeover: ${Math.round(first - started)} ms after the news, ${Math.round(first - last)} ms without an answer`,
    );
    await until('the client has heard of it by IPv6', () => lan.known(VIP6) === macB);
    t.equal(lan.known(VIP), macB, 'and by IPv4');
    t.ok(lan.pings(VIP));
    t.ok(lan.pings(VIP6));
  });

  await t.test('a packet that nothing translates goes nowhere', async (t) => {
    lan.run(lan.spaces.b.name, 'nft', 'flush chain inet proxy to');
    t.notOk(lan.pings(VIP));
    // It answers for the address before the packet filter is written: the test's own rule translated until now.
    const filter = (): string => lan.run(lan.spaces.b.name, 'nft', 'list', 'ruleset');
    await until('what is not translated is told apart', () => filter().includes('table ip vrouter-services'));
    t.match(lan.run(lan.spaces.b.name, 'nft', 'list', 'table', 'ip', 'vrouter-services'), 'oifname "lo"');
  });

  await t.test('a dataplane that starts anew goes on, and takes away what is another’s now', async (t) => {
    b.stop();
    const host = lan.hosts.b!;
    const next = RealHost.dataplane(host.kernel, host.nft);
    lan.planes.b = next;
    t.match(lan.proxied('b'), VIP, 'the kernel answers meanwhile');
    await next.start(desired(VIP));
    await until('one is gone', () => !lan.proxied('b').includes(VIP6));
    t.match(lan.proxied('b'), `${VIP} dev eth0 proxy proto 80`);
    lan.run(lan.spaces.b.name, 'ip', 'neigh', 'del', 'proxy', VIP, 'dev', 'eth0');
    await next.resync();
    await until('what somebody took away is there again', () => lan.proxied('b').includes(VIP));
    lan.run(lan.spaces.b.name, 'ip', 'addr', 'del', '10.5.0.2/24', 'dev', 'eth0');
    await until('off the subnet it answers no more', () => lan.proxied('b') === '');
    next.apply({ ...none, reachability: undefined });
    const routes = (): string => lan.run(lan.spaces.b.name, 'ip', 'route', 'show', 'proto', '80');
    await until('no route is left', () => routes() === '');
    t.pass();
  });
});
