import t from 'tap';
import { EntriesWriter, silentLog, VirtualClock } from '../../src/base/index.ts';
import type { DesiredPeer } from '../../src/calc/index.ts';
import type { Link, Neighbor } from '../../src/netlink/index.ts';
import { neighbourOn } from '../../src/routing/link-neighbours.ts';
import type { RoutingOptions } from '../../src/routing/options.ts';
import { UnnumberedPeers } from '../../src/routing/unnumbered.ts';

const PEER: DesiredPeer = {
  ...{ address: '%eth1', port: 179, asn: 65001, type: 'global', name: 'uplink', filters: [], nextHop: 'auto' },
} as const;
const NOBODY = { kind: 'unknown', why: 'nobody has answered there yet' } as const;

function neighbour(destination: string, more: Partial<Neighbor> = {}): Neighbor {
  return { dev: 'eth1', destination, mac: 'aa:bb:cc:dd:ee:01', state: 'stale', ...more };
}

t.test('the neighbour is the only other one on the link, and stays it until another is there alone', async (t) => {
  const known = { kind: 'found', address: 'fe80::1' } as const;
  t.same(neighbourOn('eth1', [neighbour('fe80::1')], NOBODY), known);
  t.same(neighbourOn('eth1', [], NOBODY), NOBODY);
  t.same(neighbourOn('eth1', [neighbour('192.0.2.1'), neighbour('2001:db8::1')], NOBODY), NOBODY, 'none by address');
  t.same(neighbourOn('eth1', [neighbour('fe80::1', { dev: 'eth2' })], NOBODY), NOBODY, 'on another link');
  t.same(neighbourOn('eth1', [neighbour('fe80::1', { state: 'failed' })], NOBODY), NOBODY, 'nobody has answered');
  t.same(neighbourOn('eth1', [neighbour('fe80::2'), neighbour('fe80::1')], NOBODY), {
    ...{ kind: 'unknown', why: 'there are several: fe80::1, fe80::2' },
  });
  t.same(neighbourOn('eth1', [neighbour('fe80::2'), neighbour('fe80::1')], known), known);
  t.same(neighbourOn('eth1', [], known), known, 'its session says whether it is there');
  t.same(neighbourOn('eth1', [neighbour('fe80::2')], known), { kind: 'found', address: 'fe80::2' });
});

t.test(
  'a link is hailed until somebody is found, then now and then; a peer is there once its address is',
  async (t) => {
    const clock = new VirtualClock();
    let neighbours: Neighbor[] = [neighbour('fe80::a')];
    const hailed: number[] = [];
    const links = new Map([[3, { index: 3, name: 'eth1', up: true } as Link]]);
    const own = { dev: 'eth1', index: 3, address: 'fe80::a/64', family: 6, scope: 'link', flags: [] } as const;
    const options = {
      ...{ clock, links, log: silentLog },
      kernel: { neighborList: async () => neighbours, addressList: async () => [own] },
      hail: () => hailed.push(clock.now()),
    } as unknown as RoutingOptions;
    let changes = 0;
    const unnumbered = new UnnumberedPeers(options, () => changes++);
    const writer = new EntriesWriter<DesiredPeer>(Object.is);
    writer.set('%eth1 179', PEER);
    const entries = writer.commit();
    const addresses = () => [...unnumbered.take(entries).values()].map(({ address }) => address);

    t.same(addresses(), []);
    t.same(unnumbered.unfound(), ['%eth1'], 'a restart waits for it');
    await clock.advanceAsync(3500);
    t.equal(hailed.length, 4, 'each second or so');
    t.same(unnumbered.problems(), ['BGPPeer uplink: no session on eth1: nobody has answered there yet']);
    neighbours = [neighbour('fe80::a'), neighbour('fe80::1')];
    await clock.advanceAsync(1100);
    t.same([changes, addresses()], [1, ['fe80::1%eth1']]);
    t.same([unnumbered.problems(), unnumbered.unfound()], [[], []]);
    hailed.length = 0;
    await clock.advanceAsync(30_000);
    t.ok(hailed.length <= 4, 'each ten seconds');
    neighbours = [neighbour('fe80::2')];
    hailed.length = 0;
    for (let change = 0; change < 30; change++) {
      unnumbered.topologyChanged();
      await clock.advanceAsync(50);
    }
    t.equal(hailed.length, 1, 'a swarm of changes is one look');
    t.same([changes, addresses()], [2, ['fe80::2%eth1']]);
    writer.set('%eth1 179', undefined);
    t.same([...unnumbered.take(writer.commit())], []);
    hailed.length = 0;
    await clock.advanceAsync(30_000);
    t.same(hailed, [], 'nobody asks any more');
  },
);
