import { execFileSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { NO_TUNNELS } from '../../src/calc/index.ts';
import { openNft } from '../../src/nftables/index.ts';
import { hostsOf, vxlan } from '../calc/tunnels.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';
import { PacketFilter } from './packet-filter.ts';

t.setTimeout(3_600_000);

/** Where the far end of the tunnel is, and where the near one is. */
const FAR = '10.244.2.0';
const NEAR = '10.244.1.0';

/** The addresses of both ends, outside, by family: of the node, of another node, and of somebody on the same cable. */
const OUTSIDE = {
  4: { node: '172.16.0.1', other: '172.16.0.2', stranger: '172.16.0.66', length: 24, host: 32 },
  6: { node: 'fd01::1', other: 'fd01::2', stranger: 'fd01::66', length: 64, host: 128 },
} as const;

/**
 *     node 172.16.0.1 ── other 172.16.0.2 and 172.16.0.66
 *       vxlan 10.244.1.0 ══ 10.244.2.0
 *
 * Both are whole hosts with VXLAN of the kernel; the other one sends from either of its addresses. A connection to the
 * node's far end gets through the tunnel or does not.
 */
class Cable {
  readonly #node = makeNamespace();
  readonly #other = makeNamespace();
  readonly #family: 4 | 6;
  readonly nat: PacketFilter;

  constructor(t: Test, family: 4 | 6) {
    this.#family = family;
    const nft = openNft({ namespace: this.#node.path });
    this.nat = new PacketFilter({ nft, clock: systemClock, log: silentLog });
    t.teardown(() => {
      this.nat.stop();
      this.#node.remove();
      this.#other.remove();
    });
    const { node, other, stranger, length } = OUTSIDE[family];
    const nodad = family === 6 ? 'nodad' : '';
    this.batch(
      'node',
      `link add eth0 type veth peer name eth0 netns ${this.#other.name}`,
      'link set eth0 up',
      `addr add ${node}/${length} dev eth0 ${nodad}`,
    );
    this.batch(
      'other',
      'link set eth0 up',
      `addr add ${other}/${length} dev eth0 ${nodad}`,
      `addr add ${stranger}/${length} dev eth0 ${nodad}`,
    );
    this.#tunnel('node', node, other, NEAR, FAR);
  }

  /** Makes the other end's tunnel anew, with this outer source. */
  from(source: string): void {
    this.#tunnel('other', source, OUTSIDE[this.#family].node, FAR, NEAR);
  }

  /** Nodes are those with these addresses. */
  async allow(...hosts: readonly string[]): Promise<void> {
    const family = this.#family;
    const tunnel = vxlan([], { family });
    await this.nat.apply({
      pools: [],
      nat: { hosts: undefined, address: undefined, ports: undefined, outInterface: undefined, floatingIps: [] },
      services: { cidrs: [], loops: 'Drop' },
      spoofing: [],
      tunnels: { 4: [], 6: [] },
      wireguard: undefined,
      wireguard6: undefined,
      encapsulation: { ...NO_TUNNELS, [`vxlan${family}`]: tunnel, hosts: hostsOf(...hosts) },
      interfacePrefix: 'cali',
    });
  }

  /** Whether what the other end sends through the tunnel is answered. */
  isAnswered(): boolean {
    try {
      this.run('other', 'ping', '-n', '-c', '1', '-W', '1', '-I', FAR, NEAR);
      return true;
    } catch {
      return false;
    }
  }

  /** What the node's kernel remembers of connections to the port of VXLAN. */
  tracked(): string {
    return this.run('node', 'sh', '-c', `conntrack -L -f ipv${this.#family} -p udp --dport 4789 2>/dev/null`);
  }

  /** Elements of the set of nodes, as the kernel has them. */
  listed(): string {
    const shown = this.run('node', 'nft', 'list', 'set', 'ip', 'vrouter-encapsulation', 'all-hosts-net');
    return /elements = \{([^}]*)\}/.exec(shown)?.[1].replaceAll(/\s+/g, ' ').trim() ?? '';
  }

  /** The handles of all rules: a table that is made anew has others. */
  handles(): string {
    const rules = this.run('node', 'nft', '-a', 'list', 'table', 'ip', 'vrouter-encapsulation');
    return [...rules.matchAll(/# handle (\d+)/g)].map(([, handle]) => handle).join(' ');
  }

  batch(where: 'node' | 'other', ...lines: readonly string[]): void {
    for (const line of lines) this.run(where, 'ip', ...line.trim().split(' '));
  }

  run(where: 'node' | 'other', ...command: readonly string[]): string {
    const { name } = where === 'node' ? this.#node : this.#other;
    return execFileSync('ip', ['netns', 'exec', name, ...command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  #tunnel(where: 'node' | 'other', local: string, remote: string, address: string, peer: string): void {
    this.run(where, 'sh', '-c', 'ip link delete vx 2>/dev/null || true');
    this.batch(
      where,
      `link add vx type vxlan id 4096 dstport 4789 local ${local} remote ${remote} dev eth0`,
      `addr add ${address}/32 dev vx`,
      'link set vx up',
      `route add ${peer}/32 dev vx src ${address}`,
    );
  }
}

for (const family of [4, 6] as const) {
  t.test(`VXLAN over IPv${family} from a node comes in, from anybody else it does not`, needsRoot, async (t) => {
    const cable = new Cable(t, family);
    const { node, other, stranger, host } = OUTSIDE[family];
    cable.from(stranger);
    t.ok(cable.isAnswered(), 'as long as there is no filter, whoever sends');
    await cable.allow(`${node}/${host}`, `${other}/${host}`);
    t.same(cable.nat.failures(), []);
    t.notOk(cable.isAnswered(), 'a stranger');
    cable.from(other);
    t.ok(cable.isAnswered(), 'a node');
    await cable.allow(`${node}/${host}`);
    t.notOk(cable.isAnswered(), 'a node that has gone');
  });
}

t.test('VXLAN between nodes is not tracked', needsRoot, async (t) => {
  const cable = new Cable(t, 4);
  // A rule that asks for the state of connections is what makes a namespace track them.
  cable.run('node', 'nft', 'add table ip vrt; add chain ip vrt seen { type filter hook input priority 10 ; }');
  cable.run('node', 'nft', 'add rule ip vrt seen ct state new counter');
  cable.from('172.16.0.2');
  t.ok(cable.isAnswered());
  t.match(cable.tracked(), /dport=4789/, 'without our table it is');
  await cable.allow('172.16.0.1/32', '172.16.0.2/32');
  cable.run('node', 'conntrack', '-F');
  t.ok(cable.isAnswered());
  t.equal(cable.tracked(), '');
});

t.test('nodes come and go as elements, beside each other and inside networks; the rules stay', needsRoot, async (t) => {
  const cable = new Cable(t, 4);
  await cable.allow('172.16.0.2/32');
  const handles = cable.handles();
  const sets: readonly (readonly string[])[] = [
    ['172.16.0.2/32', '172.16.0.3/32'],
    ['172.16.0.1/32', '172.16.0.2/32', '172.16.0.3/32', '172.16.0.4/32'],
    ['172.16.0.1/32', '172.16.0.3/32'],
    ['172.16.0.0/24'],
    ['172.16.0.0/16'],
    ['172.16.0.0/25', '172.16.0.128/25'],
    ['172.16.0.0/26', '172.16.0.255/32'],
    ['172.16.0.255/32'],
    [],
    ['172.16.0.7/32'],
  ];
  for (const hosts of sets) {
    await cable.allow(...hosts);
    t.same(cable.nat.failures(), [], `${hosts}`);
    t.equal(cable.listed(), hosts.join(', ').replaceAll('/32', ''), `${hosts}`);
    t.equal(cable.handles(), handles);
    await cable.nat.resync();
    t.equal(cable.handles(), handles, 'and looking again finds nothing to do');
  }
});
