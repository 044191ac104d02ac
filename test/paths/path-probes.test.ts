import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { type PathPlan, PathProbes, type PathWay } from '../../src/paths/index.ts';

const INTERVAL = 5000;
const [A, B, C] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
const KNOWN = [A, B];

const way = (local: string, remote: string, other: Partial<PathWay> = {}): PathWay => {
  return { node: remote === A ? 'a' : 'b', path: 'underlay', family: 4, local, remote, ...other };
};

/** A network in which a packet takes 3 ms, and those that `drops` names are lost. */
function network() {
  const clock = new VirtualClock();
  const bound = new Map<string, (payload: Uint8Array, local: string, remote: string) => void>();
  const seen: { readonly from: string; readonly to: string; readonly size: number }[] = [];
  const state = { drops: (_: { from: string; to: string; size: number }): boolean => false };
  const roundTrips: (readonly [string, number])[] = [];
  const gone: string[] = [];
  const send = (from: string, to: string, payload: Uint8Array): void => {
    const packet = { from, to, size: payload.length + (to.includes(':') ? 48 : 28) };
    seen.push(packet);
    if (!state.drops(packet)) clock.after(3, () => bound.get(to)?.(payload, to, from));
  };
  const node = (session: number, plan: PathPlan, pods: { readonly mtu?: number } = { mtu: 1450 }): PathProbes => {
    const probes = new PathProbes({
      ...{ clock, interval: INTERVAL, port: 9178, session },
      onRoundTrip: ({ node }, milliseconds) => roundTrips.push([node, milliseconds]),
      podMtu: () => pods.mtu,
      onGone: ({ node }) => gone.push(node),
      sockets: (received) => {
        const own = new Set<string>();
        return {
          bind: (addresses) => {
            for (const one of own) bound.delete(one);
            own.clear();
            for (const one of addresses) {
              own.add(one);
              bound.set(one, received);
            }
          },
          send: (local, remote, payload) => send(local, remote, payload),
          problems: () => [],
          close: () => {
            for (const one of own) bound.delete(one);
          },
        };
      },
    });
    probes.follow(plan);
    return probes;
  };
  const rounds = (count: number): void => clock.advance(count * INTERVAL);
  return { clock, seen, state, roundTrips, gone, node, rounds, send };
}

const planOf = (own: string, ways: readonly PathWay[]): PathPlan => ({ own: [own], known: KNOWN, ways });

t.test('each round sends a small packet and one of the pods’ size, and both ends know the way', async (t) => {
  const { seen, rounds, node, roundTrips } = network();
  const one = node(1, planOf(A, [way(A, B)]));
  node(2, planOf(B, []));
  t.same(one.samples(), [{ way: way(A, B), loss: 0, mtu: 0 }], 'it is there before the first packet');
  rounds(1);
  t.same(
    seen.map(({ size }) => size),
    [100, 1450],
  );
  rounds(2);
  t.same(one.samples(), [{ way: way(A, B), loss: 0, mtu: 1450 }]);
  t.same(roundTrips.slice(0, 2), [
    ['b', 6],
    ['b', 6],
  ]);
});

t.test('what gets no answer is lost; of rounds long past nothing is told', async (t) => {
  const { state, rounds, node } = network();
  const one = node(1, planOf(A, [way(A, B)]));
  node(2, planOf(B, []));
  rounds(46);
  let at = 0;
  state.drops = ({ from, size }) => from === A && size === 100 && at++ % 2 === 0;
  rounds(30);
  t.equal(one.samples()[0].loss, 15 / 60, 'every second one of half the window');
  state.drops = () => true;
  rounds(61);
  t.equal(one.samples()[0].loss, 1);
  t.equal(one.samples()[0].mtu, 1450, 'silence says nothing of sizes');
  state.drops = () => false;
  rounds(61);
  t.equal(one.samples()[0].loss, 0);
});

t.test('a way that swallows large packets is told of by what it takes, and loses nothing', async (t) => {
  const { state, rounds, node } = network();
  const one = node(1, planOf(A, [way(A, B)]));
  node(2, planOf(B, []));
  // On the way back: an answer is as large as what it answers.
  state.drops = ({ from, size }) => from === B && size > 1400;
  rounds(45);
  t.same(one.samples(), [{ way: way(A, B), loss: 0, mtu: 1400 }]);
});

t.test('only nodes are answered, and no answer is', async (t) => {
  const { seen, rounds, node, send, clock } = network();
  node(1, planOf(A, [way(A, B)]));
  rounds(1);
  const count = seen.length;
  const request = Uint8Array.of(0x56, 0x52, 0x50, 0x31, 1, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1);
  send(C, A, request);
  send(B, A, request.with(4, 2));
  send(B, A, request.subarray(0, 15));
  send(B, A, request.with(0, 0));
  clock.advance(10);
  t.equal(seen.length, count + 4, 'nobody sent anything');
  send(B, A, request);
  clock.advance(10);
  t.match(seen.at(-1), { from: A, to: B, size: 44 });
});

t.test('an answer of another life, of another round or from elsewhere counts for nothing', async (t) => {
  const { clock, rounds, node, roundTrips, send } = network();
  const one = node(1, planOf(A, [way(A, B)]));
  rounds(1);
  const answer = new Uint8Array(72);
  answer.set([0x56, 0x52, 0x50, 0x31, 2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  send(B, A, answer.with(11, 9));
  send(B, A, answer.with(15, 9));
  send(C, A, answer);
  clock.advance(10);
  t.same(roundTrips, []);
  send(B, A, answer);
  send(B, A, answer);
  clock.advance(10);
  t.equal(roundTrips.length, 1, 'and one of two');
  rounds(1);
  t.equal(one.samples()[0].loss, 0);
});

t.test('ways come and go; one that stays keeps what is known of it', async (t) => {
  const { state, rounds, node, gone, clock } = network();
  const one = node(1, planOf(A, [way(A, B)]));
  state.drops = () => true;
  rounds(4);
  one.follow(planOf(A, [way(A, B), way(A, C, { node: 'c' })]));
  t.same(
    one.samples().map(({ loss }) => loss),
    [1, 0],
  );
  one.follow(planOf(A, [way(A, B)]));
  t.same(gone, ['c']);
  one.stop();
  t.equal(clock.pending, 0);
});

t.test('while the pods’ size is not known, small packets alone are sent', async (t) => {
  const { seen, rounds, node } = network();
  const one = node(1, planOf(A, [way(A, B)]), {});
  node(2, planOf(B, []));
  rounds(2);
  t.same([...new Set(seen.map(({ size }) => size))], [100]);
  t.match(one.samples(), [{ loss: 0, mtu: 0 }]);
});
