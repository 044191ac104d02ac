import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { DynamicNeighbours, type Presence } from '../../src/bgp/dynamic-neighbours.ts';
import { Network } from './speaker-network.ts';

const RANGE = '10.0.1.0/24';

t.test('whoever connects from within a range becomes a peer, and its routes are learned', async (t) => {
  const network = new Network();
  const hub = await network.node('10.0.0.1', 64512, [{ address: RANGE, remoteAs: 64512 }]);
  const hubPeer = { address: '10.0.0.1', remoteAs: 64512 };
  const guest = await network.node('10.0.1.7', 64512, [hubPeer]);
  const stranger = await network.node('10.0.2.7', 64512, [hubPeer]);
  guest.speaker.originate([{ prefix: '10.9.0.0/26' }]);
  network.run(2);
  t.same(hub.state, { '10.0.1.7': 'Established' });
  t.same(hub.routes, ['10.9.0.0/26 via 10.0.1.7']);
  t.not(stranger.state['10.0.0.1'], 'Established');
});

t.test('with remote AS 0 any external peer is taken, and no internal one', async (t) => {
  const network = new Network();
  const hub = await network.node('10.0.0.1', 64512, [{ address: RANGE, remoteAs: 0 }]);
  await network.node('10.0.1.7', 65007, [{ address: '10.0.0.1', remoteAs: 64512 }]);
  await network.node('10.0.1.8', 64512, [{ address: '10.0.0.1', remoteAs: 64512 }]);
  network.run(2);
  t.match(hub.speaker.peers(), [
    { address: '10.0.1.7', remoteAs: 65007, state: 'Established' },
    { address: '10.0.1.8', remoteAs: 0, reason: /any but our own/ },
  ]);
});

t.test('a range takes no more peers than it may', async (t) => {
  const network = new Network();
  const hub = await network.node('10.0.0.1', 64512, [{ address: RANGE, remoteAs: 64512, maxPeers: 2 }]);
  for (const last of [1, 2, 3]) await network.node(`10.0.1.${last}`, 64512, [{ address: '10.0.0.1', remoteAs: 64512 }]);
  network.run(2);
  t.equal(hub.speaker.peers().length, 2);
});

t.test(
  'guests that say nothing give their place to who comes after them, and guests that are up keep theirs',
  async (t) => {
    const network = new Network();
    const hub = await network.node('10.0.0.1', 64512, [{ address: RANGE, remoteAs: 64512, maxPeers: 3 }]);
    const hubPeer = { address: '10.0.0.1', remoteAs: 64512 };
    await network.node('10.0.1.1', 64512, [hubPeer]);
    network.run(2);
    const silent = { connected: () => {}, failed: () => {} };
    for (const last of [2, 3]) {
      network.links.host(`10.0.1.${last}`).dial({ address: '10.0.0.1', port: 179 }, silent);
      network.run(1);
    }
    await network.node('10.0.1.4', 64512, [hubPeer]);
    network.run(1);
    t.notOk(hub.state['10.0.1.4'], 'the silent ones have a while to speak');
    network.run(60);
    t.same(hub.state['10.0.1.4'], 'Established');
    t.same(hub.state['10.0.1.1'], 'Established');
    t.notOk(hub.state['10.0.1.2'], 'the one that was silent for longest has gone');
    for (const last of [5, 6, 7]) await network.node(`10.0.1.${last}`, 64512, [hubPeer]);
    network.run(120);
    t.same(Object.values(hub.state), ['Established', 'Established', 'Established']);
  },
);

t.test('a guest that has been away for a minute is forgotten; one that returns sooner is not', async (t) => {
  const network = new Network();
  const hub = await network.node('10.0.0.1', 64512, [{ address: RANGE, remoteAs: 64512 }]);
  const hubPeer = { address: '10.0.0.1', remoteAs: 64512 };
  const guest = await network.node('10.0.1.7', 64512, [hubPeer]);
  network.run(2);
  guest.speaker.configure([]);
  network.run(30);
  t.equal(hub.speaker.peers().length, 1);
  guest.speaker.configure([hubPeer]);
  network.run(60);
  t.same(hub.state, { '10.0.1.7': 'Established' });
  guest.speaker.configure([]);
  network.run(75);
  t.same(hub.state, {});
});

t.test('a wall clock that is set back or ahead changes nothing of when a guest is forgotten', async (t) => {
  const day = 86_400_000;
  for (const jump of [-day, day]) {
    const network = new Network();
    const { clock } = network;
    const hub = await network.node('10.0.0.1', 64512, [{ address: RANGE, remoteAs: 64512 }]);
    const guest = await network.node('10.0.1.7', 64512, [{ address: '10.0.0.1', remoteAs: 64512 }]);
    network.run(2);
    guest.speaker.configure([]);
    network.run(2);
    const began = clock.wallTime() - clock.now();
    clock.wallTime = () => began + jump + clock.now();
    network.run(30);
    t.equal(hub.speaker.peers().length, 1, 'it may come back yet');
    network.run(60);
    t.same(hub.state, {});
  }
});

t.test('a range that is configured no more takes its peers with it; a peer of its own outlives it', async (t) => {
  const network = new Network();
  const range = { address: RANGE, remoteAs: 64512 };
  const hub = await network.node('10.0.0.1', 64512, [range]);
  for (const last of [1, 2]) await network.node(`10.0.1.${last}`, 64512, [{ address: '10.0.0.1', remoteAs: 64512 }]);
  network.run(2);
  hub.speaker.configure([range]);
  network.run(1);
  t.same(hub.state, { '10.0.1.1': 'Established', '10.0.1.2': 'Established' });
  hub.speaker.configure([{ address: '10.0.1.2', remoteAs: 64512, passive: true }]);
  network.run(1);
  t.same(hub.state, { '10.0.1.2': 'Established' });
});

t.test('told of a difference alone, it keeps all other peers, guests among them', async (t) => {
  for (const ranges of [[], [{ address: RANGE, remoteAs: 64512 }]]) {
    const network = new Network();
    const peer = (last: number, more = {}) => ({ address: `10.0.0.${last}`, remoteAs: 64512, ...more });
    const hub = await network.node('10.0.0.1', 64512, [...ranges, peer(2), peer(3)]);
    for (const last of [2, 3, 4]) await network.node(`10.0.0.${last}`, 64512, [peer(1)]);
    if (ranges.length > 0) await network.node('10.0.1.7', 64512, [peer(1)]);
    network.run(2);
    const since = hub.speaker.peers().find(({ address }) => address === '10.0.0.3')?.since;
    hub.speaker.adjust([peer(4), peer(3, { description: 'third' })], ['10.0.0.2']);
    network.run(2);
    const guests = ranges.length > 0 ? { '10.0.1.7': 'Established' } : {};
    t.same(hub.state, { '10.0.0.3': 'Established', '10.0.0.4': 'Established', ...guests });
    t.equal(hub.speaker.peers().find(({ address }) => address === '10.0.0.3')?.since, since);
  }
});

/** As many guests as a range takes, and how often anything was asked of one. */
function crowd(presence: (address: string) => Presence): {
  readonly guests: DynamicNeighbours;
  readonly clock: VirtualClock;
  readonly gone: string[];
  asked: number;
} {
  const clock = new VirtualClock();
  const gone: string[] = [];
  const asking = (address: string): Presence => {
    made.asked++;
    return presence(address);
  };
  const guests = new DynamicNeighbours(clock, asking, (address) => gone.push(address));
  const made = { guests, clock, gone, asked: 0 };
  guests.configure([{ address: '10.0.0.0/8', remoteAs: 64512 }], new Set());
  for (let guest = 0; guest < 1000; guest++) guests.admit(`10.1.${guest >> 8}.${guest & 255}`);
  return made;
}

t.test('a flood of connections to a full range costs the same for each, however many guests there are', async (t) => {
  const full = crowd(() => ({ up: true, age: 60_000, awaited: false }));
  for (let stranger = 0; stranger < 10_000; stranger++) {
    if (full.guests.admit(`10.2.${stranger >> 8}.${stranger & 255}`) !== undefined) t.fail('there is no room');
    full.clock.advance(0.1);
  }
  t.ok(full.asked <= 3000, `${full.asked} questions for 10,000 strangers in a second`);

  const silent = crowd((address) => ({ up: false, age: address.startsWith('10.1.') ? 60_000 : 0, awaited: false }));
  for (let stranger = 0; stranger < 10_000; stranger++) {
    silent.guests.admit(`10.2.${stranger >> 8}.${stranger & 255}`);
    silent.clock.advance(0.1);
  }
  t.equal(silent.gone.length, 1000, 'all that had said nothing have made room');
  t.ok(silent.asked <= 5000, `${silent.asked} questions for 10,000 strangers in a second`);
});

t.test('whoever has come up since it was found to be silent stays', async (t) => {
  const up = new Set<string>();
  const { guests, gone } = crowd((address) => ({ up: up.has(address), age: 60_000, awaited: false }));
  t.ok(guests.admit('10.2.0.1'));
  for (let guest = 0; guest < 1000; guest++) up.add(`10.1.${guest >> 8}.${guest & 255}`);
  up.add('10.2.0.1');
  t.notOk(guests.admit('10.2.0.2'));
  t.equal(gone.length, 1);
});
