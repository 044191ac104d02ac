import t from 'tap';
import { EntriesWriter, silentLog } from '../../src/base/index.ts';
import type { Bfd, BfdAccount, BfdNeighbour } from '../../src/bfd/index.ts';
import type { BfdInterface, DesiredBgp, DesiredPeer } from '../../src/calc/desired/index.ts';
import { FailureDetection } from '../../src/routing/failure-detection.ts';

const TIMERS = { sendInterval: 50, receiveInterval: 50, idleInterval: 1000, multiplier: 3 };
const ETH: BfdInterface = { pattern: 'eth*', ...TIMERS };

/** BFD that says what a test wants. */
class SaidBfd implements Bfd {
  neighbours: readonly BfdNeighbour[] = [];
  readonly accounts = new Map<string, BfdAccount>();
  readonly totals = { sent: 0, received: 0, unheard: 0, unsent: 0 };
  #listener: (account: BfdAccount) => void = () => {};

  configure(neighbours: readonly BfdNeighbour[]): void {
    this.neighbours = neighbours;
    for (const { name } of neighbours) if (!this.accounts.has(name)) this.accounts.set(name, account(name, 'Down'));
  }

  onChange(listener: (account: BfdAccount) => void): void {
    this.#listener = listener;
  }

  problems(): readonly string[] {
    return [];
  }

  async stop(): Promise<void> {}

  say(name: string, state: BfdAccount['state'], other: Partial<BfdAccount> = {}): void {
    const from = this.accounts.get(name)?.state ?? 'Down';
    this.accounts.set(name, account(name, state, { from, remoteState: state, ...other }));
    this.#listener(this.accounts.get(name)!);
  }
}

function account(name: string, state: BfdAccount['state'], other: Partial<BfdAccount> = {}): BfdAccount {
  return {
    ...{ name, state, from: 'Down', remoteState: 'Down', diagnostic: 0, remoteDiagnostic: 0 },
    ...{ remoteIndependent: false, transmitInterval: 50, detectionTime: 150, ...other },
  };
}

function bench() {
  const bfd = new SaidBfd();
  const ways = new Map<string, readonly { readonly via: string; readonly dev: number }[] | undefined>();
  const events: (readonly string[])[] = [];
  const detection = new FailureDetection({
    bfd,
    log: silentLog,
    resolve: (address) => ways.get(address),
    linkName: (index) => ['lo', 'eth0', 'eth1', 'bond0'][index],
    failed: (address, reason, lost) => events.push(['failed', address, reason, String(lost)]),
    restored: (address) => events.push(['restored', address]),
  });
  const writer = new EntriesWriter<DesiredPeer>(Object.is);
  const take = (peers: readonly DesiredPeer[], interfaces: readonly BfdInterface[] = [ETH]): void => {
    for (const one of peers) writer.set(`${one.address} ${one.port}`, one);
    detection.take({ peers: writer.commit(), bfd: interfaces } as unknown as DesiredBgp);
  };
  return { bfd, ways, events, detection, take };
}

function peer(address: string, other: Partial<DesiredPeer> = {}): DesiredPeer {
  const ends = { address, port: 179, asn: 65001, type: 'global', name: 'tor', localAddress: '10.0.0.1' } as const;
  return { ...ends, filters: [], nextHop: 'auto', failureDetection: 'direct', ...other };
}

const [TOR, FAR] = ['10.0.0.9', '192.0.2.9'];
const direct = [{ via: TOR, dev: 1 }];
const routed = [{ via: TOR, dev: 1 }];

t.test(
  'a peer on a network of ours is watched over its interface, as the first pattern that matches says',
  async (t) => {
    const { bfd, ways, detection, take } = bench();
    ways.set(TOR, direct);
    const other = { ...ETH, sendInterval: 100 };
    take(
      [peer(TOR), peer('10.0.0.8', { failureDetection: undefined as never })],
      [{ ...other, pattern: 'eth1' }, ETH, other],
    );
    t.same(bfd.neighbours, [{ name: TOR, address: TOR, localAddress: '10.0.0.1', multihop: false, timers: TIMERS }]);
    t.match(detection.report(peer(TOR)), {
      state: 'Down',
      interface: 'eth0',
      reason: 'the neighbour has not answered yet',
    });
    t.equal(detection.report(peer(TOR, { failureDetection: undefined as never })), undefined);
  },
);

t.test('one behind a router is not, unless any is to be', async (t) => {
  const { bfd, ways, detection, take } = bench();
  ways.set(FAR, routed);
  take([peer(FAR)]);
  t.same(bfd.neighbours, []);
  t.match(detection.report(peer(FAR)), { reason: 'it is not directly connected', isMeant: true });
  const any = peer(FAR, { failureDetection: 'any' });
  take([any]);
  t.match(bfd.neighbours, [{ address: FAR, multihop: true }]);
  t.match(detection.report(any), { state: 'Down', multihop: true });
});

t.test('where nothing says how, or there is no way, the report says so', async (t) => {
  const { bfd, ways, detection, take } = bench();
  ways.set(TOR, [{ via: TOR, dev: 3 }]);
  take([peer(TOR)]);
  t.match(detection.report(peer(TOR)), { reason: 'no BFDConfiguration has the interface bond0' });
  ways.set(TOR, []);
  detection.review();
  t.match(detection.report(peer(TOR)), { reason: 'there is no way to it' });
  ways.set(TOR, undefined);
  detection.review();
  t.match(detection.report(peer(TOR)), { reason: 'the way to it is not known yet' });
  t.same(bfd.neighbours, []);
});

t.test('a session that goes down ends the peer’s; one that its neighbour ends on purpose does not', async (t) => {
  const { bfd, ways, events, detection, take } = bench();
  ways.set(TOR, direct);
  take([peer(TOR)]);
  bfd.say(TOR, 'Init');
  bfd.say(TOR, 'Down', { diagnostic: 1 });
  t.same(events, [], 'one that never was Up has nothing to say');
  bfd.say(TOR, 'Up');
  bfd.say(TOR, 'Up', { detectionTime: 3000 });
  bfd.say(TOR, 'Down', { diagnostic: 1 });
  bfd.say(TOR, 'Up');
  bfd.say(TOR, 'Down', { diagnostic: 3, remoteState: 'Down', remoteIndependent: true });
  bfd.say(TOR, 'Up');
  bfd.say(TOR, 'Down', { diagnostic: 3, remoteState: 'AdminDown' });
  t.same(events, [
    ['restored', TOR],
    ['failed', TOR, 'BFD session is Down: control detection time expired', 'false'],
    ['restored', TOR],
    ['failed', TOR, 'BFD session is Down: neighbor signaled session down', 'true'],
    ['restored', TOR],
  ]);
  t.match(detection.report(peer(TOR)), { downs: 2, reason: 'administratively down at the other end' });
});

t.test('a session that is Up stays when its link loses the route: that is what it is to notice', async (t) => {
  const { bfd, ways, detection, take } = bench();
  ways.set(TOR, direct);
  take([peer(TOR)]);
  const before = bfd.neighbours;
  bfd.say(TOR, 'Up');
  for (const other of [[], undefined, [{ via: '10.1.0.254', dev: 2 }]]) {
    ways.set(TOR, other);
    detection.review();
    t.same(bfd.neighbours, before);
  }
  bfd.say(TOR, 'Down', { diagnostic: 1 });
  detection.review();
  t.same(bfd.neighbours, [], 'down, it goes where the way goes now');
  ways.set(TOR, direct);
  detection.review();
  t.same(bfd.neighbours, before);
});

t.test('peers at one address share a session, and one that goes takes it along only as the last', async (t) => {
  const { bfd, ways, take, detection } = bench();
  ways.set(TOR, direct);
  take([peer(TOR), peer(TOR, { port: 1179 })]);
  t.equal(bfd.neighbours.length, 1);
  take([peer(TOR, { port: 1179, failureDetection: undefined as never })]);
  t.equal(bfd.neighbours.length, 1);
  detection.take(undefined);
  t.same(bfd.neighbours, []);
});
