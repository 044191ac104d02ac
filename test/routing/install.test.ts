import type { NextHopSet } from 'bgp-speaker-ts';
import t from 'tap';
import { EntriesWriter, parsePrefix, prefixWords, silentLog, VirtualClock } from '../../src/base/index.ts';
import { RouteTable } from '../../src/dataplane/index.ts';
import { FibInfos } from '../../src/dataplane/routes/fib-infos.ts';
import { RouteInstaller } from '../../src/routing/install.ts';
import { NextHops } from '../../src/routing/next-hops.ts';
import { pool } from '../calc/pool.ts';
import { MainTable } from './main-table.ts';

const SETS: NextHopSet[] = [
  { addresses: [], localPref: 100 },
  { addresses: ['172.16.0.2'], localPref: 100 },
  { addresses: ['172.16.0.3'], localPref: 100 },
  { addresses: ['172.16.0.2', '172.16.0.3'], localPref: 100 },
  { addresses: ['192.0.2.9'], localPref: 100 },
];

type Change = readonly [cidr: string, set: number];

class Bench {
  readonly clock = new VirtualClock();
  readonly table = new RouteTable(4, new FibInfos());
  /** It reaches 172.16.0.0/24 on link 2, and all else by a gateway on link 3 while `gateway` is set. */
  readonly main = new MainTable(this.table);
  readonly nextHops = new NextHops({ kernel: this.main, own: this.main.own, clock: this.clock, log: silentLog });
  readonly tunnel: { ipip: number | 'pending' | undefined } = { ipip: undefined };
  readonly installer = new RouteInstaller(this.table, this.nextHops, this.tunnel);

  constructor() {
    this.nextHops.onChange = (addresses) => this.installer.nextHopsChanged(addresses);
    this.nextHops.learnFrom({ 4: this.installer });
    this.gateway = '172.16.1.254';
  }

  set gateway(via: string | undefined) {
    this.main.others = { '172.16.0.0/24': [{ dev: 2 }], ...(via && { '0.0.0.0/0': [{ via, dev: 3 }] }) };
  }

  install(...changes: readonly Change[]): Promise<void> {
    return this.installFrom(SETS, ...changes);
  }

  async installFrom(nextHopSets: readonly NextHopSet[], ...changes: readonly Change[]): Promise<void> {
    const prefixes = changes.map(([cidr]) => parsePrefix(cidr));
    this.installer.install({
      family: 4,
      count: changes.length,
      addresses: Uint32Array.from(prefixes.map((prefix) => prefixWords(prefix)[0])),
      lengths: Uint8Array.from(prefixes.map(({ length }) => length)),
      nextHops: Uint32Array.from(changes.map(([, set]) => set)),
      nextHopSets,
      since: 0,
    });
    await this.clock.advanceAsync(100);
  }

  /** The kernel does all that the table wants by now. */
  settle(): void {
    for (let batch = this.table.take(1000); batch !== undefined; batch = this.table.take(1000))
      this.table.settle(batch, []);
  }

  /** `tunl0` gets this index, or goes. */
  tunnelIs(index: number | 'pending' | undefined): void {
    this.tunnel.ipip = index;
    this.installer.tunnelChanged();
  }

  /** `via%dev`, and its weight if it has one, of each way that the table wants for a prefix; `!` when the kernel takes the gateway's place on trust. */
  wants(cidr: string): string[] {
    const prefix = parsePrefix(cidr);
    const index = this.table.prefixes.find4(prefixWords(prefix)[0], prefix.length);
    if (index < 0 || this.table.desired(index) === 0) return [];
    return this.table.infos
      .info(this.table.desired(index))
      .nextHops.map(
        ({ via, dev, onlink, weight }) => `${via}%${dev}${onlink ? '!' : ''}${weight ? ` ×${weight}` : ''}`,
      );
  }
}

t.test('the number of a set that no route has any more may stand for another one', async (t) => {
  const bench = new Bench();
  const sets = [...SETS];
  await bench.install(['10.244.1.0/26', 1]);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%2']);
  await bench.install(['10.244.1.0/26', 0]);
  sets[1] = { addresses: ['172.16.0.7'], localPref: 100 };
  await bench.installFrom(sets, ['10.244.2.0/26', 1]);
  t.same(bench.wants('10.244.2.0/26'), ['172.16.0.7%2']);
  t.same(bench.wants('10.244.1.0/26'), []);
});

t.test('a next hop on a connected network is its own gateway, several are ECMP', async (t) => {
  const bench = new Bench();
  await bench.install(['10.244.1.0/26', 1], ['10.244.2.0/26', 3]);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%2']);
  t.same(bench.wants('10.244.2.0/26'), ['172.16.0.2%2', '172.16.0.3%2']);
});

t.test('next hops that have shares keep them, by way of routers too', async (t) => {
  const bench = new Bench();
  const weights = [100, 25, 50];
  const sets: NextHopSet[] = [
    SETS[0],
    { addresses: ['172.16.0.2', '172.16.0.3', '192.0.2.9'], localPref: 100, weights },
    { addresses: ['172.16.0.2', '192.0.2.8', '192.0.2.9'], localPref: 100, weights },
    { addresses: ['192.0.2.7', '192.0.2.8', '192.0.2.9'], localPref: 100, weights: [100, 100, 100] },
  ];
  await bench.installFrom(sets, ['10.244.1.0/26', 1], ['10.244.2.0/26', 2], ['10.244.3.0/26', 3]);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%2 ×100', '172.16.0.3%2 ×25', '172.16.1.254%3 ×50']);
  t.same(bench.wants('10.244.2.0/26'), ['172.16.0.2%2 ×100', '172.16.1.254%3 ×75'], 'two by one router');
  t.same(bench.wants('10.244.3.0/26'), ['172.16.1.254%3 ×256'], 'not more than the kernel takes');
});

t.test('a next hop behind a router is reached through the router', async (t) => {
  const bench = new Bench();
  await bench.install(['10.244.1.0/26', 4]);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.1.254%3']);
});

t.test('a withdrawn route goes, one with a new next hop changes', async (t) => {
  const bench = new Bench();
  await bench.install(['10.244.1.0/26', 1], ['10.244.2.0/26', 1]);
  await bench.install(['10.244.1.0/26', 0], ['10.244.2.0/26', 2], ['10.244.3.0/26', 0]);
  t.same(bench.wants('10.244.1.0/26'), []);
  t.same(bench.wants('10.244.2.0/26'), ['172.16.0.3%2']);
  t.equal(bench.table.prefixes.find4(0x0af40300, 26), -1, 'a withdrawal of the unknown leaves no trace');
});

t.test('when the way to a next hop changes, its routes follow; when it is lost, they go', async (t) => {
  const bench = new Bench();
  await bench.install(['10.244.1.0/26', 4], ['10.244.2.0/26', 1]);
  bench.gateway = '172.16.1.253';
  bench.nextHops.invalidate();
  await bench.clock.advanceAsync(100);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.1.253%3']);
  bench.gateway = undefined;
  bench.nextHops.invalidate();
  await bench.clock.advanceAsync(100);
  t.same(bench.wants('10.244.1.0/26'), []);
  t.same(bench.wants('10.244.2.0/26'), ['172.16.0.2%2']);
});

t.test('what was withdrawn while it had no way does not come back with the way', async (t) => {
  const bench = new Bench();
  const way = async (gateway: string | undefined): Promise<void> => {
    bench.gateway = gateway;
    bench.nextHops.invalidate();
    await bench.clock.advanceAsync(100);
    bench.settle();
  };
  await bench.install(['10.244.1.0/26', 4], ['10.244.2.0/26', 4]);
  bench.settle();
  t.equal(bench.table.present, 2);
  await way(undefined);
  t.equal(bench.table.present, 0);
  await bench.install(['10.244.1.0/26', 0]);
  await way('172.16.1.254');
  t.same(bench.wants('10.244.1.0/26'), []);
  t.same(bench.wants('10.244.2.0/26'), ['172.16.1.254%3'], 'which the other does');
  t.equal(bench.table.present, 1);
  t.equal(bench.table.prefixes.size, 1, 'and nothing is kept of it');
});

t.test('a number that the kernel has no route for is not another prefix’s while peers tell of it', async (t) => {
  const bench = new Bench();
  const many = Array.from({ length: 3000 }, (_, at) => `10.${100 + (at >> 8)}.${at & 255}.0/26`);
  await bench.install(['10.244.1.0/26', 4], ...many.map((cidr): Change => [cidr, 4]));
  bench.settle();
  bench.gateway = undefined;
  bench.nextHops.invalidate();
  await bench.clock.advanceAsync(100);
  bench.settle();
  // So many are let go that their numbers are given to others.
  await bench.install(...many.map((cidr): Change => [cidr, 0]));
  await bench.install(...many.map((cidr): Change => [cidr.replace(/^10\./, '11.'), 1]));
  bench.settle();
  bench.gateway = '172.16.1.254';
  bench.nextHops.invalidate();
  await bench.clock.advanceAsync(100);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.1.254%3']);
  t.equal(bench.table.wanted, 1 + many.length);
});

t.test('what peers told of and the kernel never got leaves nothing behind', async (t) => {
  const bench = new Bench();
  bench.installer.setPools([pool('10.244.0.0/16', { encapsulation: 'vxlan' })]);
  await bench.install(['10.244.1.0/26', 1]);
  bench.settle();
  await bench.install(['10.244.1.0/26', 0]);
  bench.settle();
  t.equal(bench.table.prefixes.size, 0);
});

t.test('VXLAN pools are not routed by BGP, and are again when they are VXLAN no longer', async (t) => {
  const bench = new Bench();
  bench.installer.setPools([pool('10.244.0.0/16', { encapsulation: 'vxlan' })]);
  await bench.install(['10.244.1.0/26', 1], ['10.99.0.0/24', 1]);
  t.same(bench.wants('10.244.1.0/26'), []);
  t.same(bench.wants('10.99.0.0/24'), ['172.16.0.2%2'], 'what is in no pool is accepted');
  bench.installer.setPools([pool('10.244.0.0/16')]);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%2']);
});

t.test('a pool that becomes VXLAN keeps its routes until the tunnel has them', async (t) => {
  const bench = new Bench();
  const always = [pool('10.244.0.0/16', { encapsulation: 'vxlan' })];
  bench.installer.setPools([pool('10.244.0.0/16')]);
  await bench.install(['10.244.1.0/26', 1], ['10.244.2.0/26', 2]);
  bench.installer.setPools(always);
  bench.installer.settled();
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%2'], 'there is no tunnel yet');
  await bench.install(['10.244.2.0/26', 0]);
  t.same(bench.wants('10.244.2.0/26'), [], 'what is withdrawn goes');
  const prefix = bench.table.prefixes.find4(0x0af40100, 26);
  const tunnelled = bench.table.infos.retain(
    bench.table.infos.id({ kind: 'unicast', protocol: 80, table: 254, nextHops: [{ dev: 9 }] }),
  );
  bench.table.want('tunnel', prefix, tunnelled);
  bench.installer.settled();
  bench.table.want('tunnel', prefix, 0);
  t.same(bench.wants('10.244.1.0/26'), [], 'once it is the tunnel’s, it is so whatever becomes of the tunnel');
});

t.test('addresses of the cluster’s own services are nobody’s routes; what lies around them is', async (t) => {
  const bench = new Bench();
  const services = ['10.96.0.0/12', 'fd96::/108'];
  await bench.install(['10.96.0.0/12', 1], ['10.100.7.1/32', 1], ['10.0.0.0/8', 2], ['0.0.0.0/0', 2]);
  t.same(bench.wants('10.100.7.1/32'), ['172.16.0.2%2'], 'nothing is known of services yet');
  bench.installer.setPools([pool('10.244.0.0/16'), pool('10.96.0.0/12')], { services });
  await bench.install(['10.97.0.0/16', 1]);
  for (const cidr of ['10.96.0.0/12', '10.100.7.1/32', '10.97.0.0/16']) t.same(bench.wants(cidr), [], cidr);
  for (const cidr of ['10.0.0.0/8', '0.0.0.0/0']) t.same(bench.wants(cidr), ['172.16.0.3%2'], cidr);
  bench.installer.setPools([pool('10.244.0.0/16')]);
  t.same(bench.wants('10.97.0.0/16'), ['172.16.0.2%2'], 'where there are no services, they are routes as any');
});

t.test('a pool of VXLAN inside the services’ CIDRs keeps no route', async (t) => {
  const bench = new Bench();
  await bench.install(['10.96.0.0/26', 1]);
  const services = ['10.96.0.0/12'];
  bench.installer.setPools([pool('10.96.0.0/16', { encapsulation: 'vxlan' })], { services });
  t.same(bench.wants('10.96.0.0/26'), []);
  bench.installer.setPools([pool('10.96.0.0/16', { encapsulation: 'vxlan' })]);
  t.same(bench.wants('10.96.0.0/26'), [], 'nor gets one from BGP: VXLAN brings it');
});

t.test('IPIP Always: through tunl0 to the node itself, wherever it is', async (t) => {
  const bench = new Bench();
  bench.tunnelIs(7);
  bench.installer.setPools([pool('10.244.0.0/16', { encapsulation: 'ipip' })], { subnet: '172.16.0.0/24' });
  await bench.install(['10.244.1.0/26', 1], ['10.244.2.0/26', 4], ['10.244.3.0/26', 3], ['10.99.0.0/24', 1]);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%7!']);
  t.same(bench.wants('10.244.2.0/26'), ['192.0.2.9%7!'], 'not its router: the outer packet finds the way');
  t.same(bench.wants('10.244.3.0/26'), ['172.16.0.2%7!', '172.16.0.3%7!']);
  t.same(bench.wants('10.99.0.0/24'), ['172.16.0.2%2'], 'no pool, no tunnel');
});

t.test('IPIP CrossSubnet: directly inside the own subnet, through tunl0 beyond', async (t) => {
  const bench = new Bench();
  bench.tunnelIs(7);
  bench.installer.setPools([pool('10.244.0.0/16', { encapsulation: 'ipip-cross-subnet' })], {
    subnet: '172.16.0.0/24',
  });
  await bench.install(['10.244.1.0/26', 1], ['10.244.2.0/26', 4]);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%2']);
  t.same(bench.wants('10.244.2.0/26'), ['192.0.2.9%7!']);
  bench.installer.setPools([pool('10.244.0.0/16', { encapsulation: 'ipip-cross-subnet' })]);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%7!'], 'a node that knows no subnet of its own tunnels to all');
});

t.test('a pool becomes IPIP’s: a node whose tunl0 is not there yet is sent to as before, until it is', async (t) => {
  const bench = new Bench();
  bench.tunnelIs(7);
  const nodes = new EntriesWriter<string>(Object.is);
  nodes.set('172.16.0.2', 'node2');
  bench.installer.setLacking(nodes.commit());
  await bench.install(['10.244.1.0/26', 1], ['10.244.2.0/26', 2]);
  bench.installer.setPools([pool('10.244.0.0/16', { encapsulation: 'ipip' })]);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%2']);
  t.same(bench.wants('10.244.2.0/26'), ['172.16.0.3%7!'], 'the other is ready');
  bench.installer.tunnelChanged();
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%2'], 'whatever else changes');
  nodes.set('172.16.0.2', undefined);
  bench.installer.setLacking(nodes.commit());
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%7!']);
  await bench.install(['10.244.1.0/26', 0]);
  t.same(bench.wants('10.244.1.0/26'), []);
});

t.test('what comes when the pool is IPIP’s already goes through tunl0, never in clear', async (t) => {
  const bench = new Bench();
  bench.tunnelIs(7);
  const nodes = new EntriesWriter<string>(Object.is);
  nodes.set('172.16.0.2', 'node2');
  bench.installer.setLacking(nodes.commit());
  bench.installer.setPools([pool('10.244.0.0/16', { encapsulation: 'ipip' })]);
  await bench.install(['10.244.1.0/26', 1]);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%7!']);
});

t.test('without a tunl0 of our own no route stays in clear', async (t) => {
  const bench = new Bench();
  bench.tunnelIs(undefined);
  const nodes = new EntriesWriter<string>(Object.is);
  nodes.set('172.16.0.2', 'node2');
  bench.installer.setLacking(nodes.commit());
  await bench.install(['10.244.1.0/26', 1]);
  bench.installer.setPools([pool('10.244.0.0/16', { encapsulation: 'ipip' })]);
  t.same(bench.wants('10.244.1.0/26'), []);
});

t.test('a pool goes from IPIP to none: each route stays until the way to its next hop is known', async (t) => {
  const bench = new Bench();
  bench.tunnelIs(7);
  bench.installer.setPools([pool('10.244.0.0/16', { encapsulation: 'ipip' })]);
  await bench.install(['10.244.1.0/26', 1], ['10.244.2.0/26', 4]);
  bench.gateway = undefined;
  bench.installer.setPools([pool('10.244.0.0/16')]);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%7!']);
  t.same(bench.wants('10.244.2.0/26'), ['192.0.2.9%7!']);
  await bench.clock.advanceAsync(100);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%2']);
  t.same(bench.wants('10.244.2.0/26'), [], 'no way without the tunnel: it goes then');
});

t.test('while tunl0 is being made, routes stay as they were; without one they go', async (t) => {
  const bench = new Bench();
  await bench.install(['10.244.1.0/26', 1]);
  bench.tunnelIs('pending');
  bench.installer.setPools([pool('10.244.0.0/16', { encapsulation: 'ipip' })]);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%2'], 'still directly');
  bench.tunnelIs(7);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%7!']);
  bench.tunnelIs(undefined);
  t.same(bench.wants('10.244.1.0/26'), [], 'never in clear');
  bench.tunnelIs(8);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%8!']);
  bench.installer.setPools([pool('10.244.0.0/16')]);
  t.same(bench.wants('10.244.1.0/26'), ['172.16.0.2%2'], 'and back, in one step');
});
