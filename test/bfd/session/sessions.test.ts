import t from 'tap';
import { VirtualClock } from '../../../src/base/index.ts';
import { type BfdAccount, type BfdNeighbour, sessionsOf } from '../../../src/bfd/session/index.ts';
import { type ControlPacket, decodeControlPacket, encodeControlPacket } from '../../../src/bfd/wire/index.ts';
import { packet } from '../packets.ts';

function neighbour(address: string, other: Partial<BfdNeighbour> = {}): BfdNeighbour {
  const timers = { sendInterval: 50, receiveInterval: 50, idleInterval: 1000, multiplier: 3 };
  return { name: address, address, multihop: false, timers, ...other };
}

function bench() {
  const clock = new VirtualClock();
  const told: BfdAccount[] = [];
  const sent: (readonly [address: string, packet: ControlPacket])[] = [];
  let open = 0;
  let state = 0;
  const sessions = sessionsOf({
    clock,
    random: () => (state = (state + 0.37) % 1),
    caughtUp: (action) => action(),
    told: (account) => told.push(account),
    open: ({ address }) => {
      open++;
      return {
        send: (bytes) => sent.push([address, decodeControlPacket(bytes) as ControlPacket]),
        close: () => open--,
      };
    },
  });
  const hear = (from: string, other: Partial<ControlPacket> = {}, multihop = false) =>
    sessions.receive(encodeControlPacket(packet(other)), from, multihop);
  const discriminatorOf = (address: string) => sent.findLast(([to]) => to === address)![1].myDiscriminator;
  return { clock, told, sent, sessions, hear, discriminatorOf, opened: () => open };
}

t.test('a packet is for the session with its sender, and by its discriminator if it has one', async (t) => {
  const { sessions, hear, told, discriminatorOf } = bench();
  sessions.configure([neighbour('10.0.0.1'), neighbour('10.0.0.2')]);
  t.equal(hear('10.0.0.1'), undefined);
  t.match(told, [{ name: '10.0.0.1', state: 'Init', from: 'Down', detectionTime: 150 }]);
  const mine = discriminatorOf('10.0.0.2');
  t.not(mine, discriminatorOf('10.0.0.1'));
  t.equal(hear('10.0.0.2', { yourDiscriminator: mine, state: 'Init' }), undefined);
  t.match(told.at(-1), { name: '10.0.0.2', state: 'Up' });
});

t.test('what is for no session is discarded, and says why', async (t) => {
  const { sessions, hear, told, discriminatorOf } = bench();
  sessions.configure([neighbour('10.0.0.1'), neighbour('10.0.0.2'), neighbour('10.0.0.3', { multihop: true })]);
  t.match(hear('10.0.0.9'), /no session with that address/);
  t.match(hear('10.0.0.1', {}, true), /no session with that address/, 'of another distance');
  t.match(hear('10.0.0.3'), /no session with that address/);
  const other = discriminatorOf('10.0.0.2');
  t.match(hear('10.0.0.1', { yourDiscriminator: other, state: 'Up' }), /no session with that address/, 'of a guess');
  t.match(sessions.receive(new Uint8Array(3), '10.0.0.1', false), /3 octets/);
  t.same(told, []);
  t.equal(hear('10.0.0.3', {}, true), undefined);
});

t.test('neighbours come and go; one that goes is told that it is meant', async (t) => {
  const { clock, sessions, sent, opened } = bench();
  sessions.configure([neighbour('10.0.0.1'), neighbour('10.0.0.2')]);
  t.equal(opened(), 2);
  sessions.configure([neighbour('10.0.0.2')]);
  t.equal(opened(), 1);
  t.match(sent.at(-1), ['10.0.0.1', { state: 'AdminDown', diagnostic: 7 }]);
  sessions.close();
  t.equal(opened(), 0);
  t.equal(clock.pending, 0);
});

t.test('other timers do not end a session, another way does', async (t) => {
  const { sessions, hear, sent, discriminatorOf } = bench();
  sessions.configure([neighbour('10.0.0.1')]);
  const first = discriminatorOf('10.0.0.1');
  hear('10.0.0.1', { state: 'Init', yourDiscriminator: first });
  const timers = { sendInterval: 500, receiveInterval: 50, idleInterval: 1000, multiplier: 3 };
  sessions.configure([neighbour('10.0.0.1', { timers })]);
  hear('10.0.0.1', { state: 'Up', yourDiscriminator: first, poll: true });
  t.match(sent.at(-1), ['10.0.0.1', { myDiscriminator: first, final: true, desiredMinTx: 500_000 }]);
  sessions.configure([neighbour('10.0.0.1', { timers, localAddress: '10.0.0.7' })]);
  t.match(sent.slice(-2), [
    ['10.0.0.1', { state: 'AdminDown' }],
    ['10.0.0.1', { state: 'Down' }],
  ]);
  t.not(discriminatorOf('10.0.0.1'), first);
});
