import t from 'tap';
import { VirtualClock } from '../../../src/base/index.ts';
import { NodesInTurn } from '../../../src/cli/web/nodes-in-turn.ts';
import { answeredAnnotations, type Request } from '../../../src/control/index.ts';
import { DatastoreUnavailable, MemoryStore } from '../../../src/datastore/index.ts';
import type { CalicoNodeStatus } from '../../../src/model/index.ts';

const STATUS: Request = { op: 'status' };
const FLOWS: Request = { op: 'flows', limit: 200 };
const ROUTE: Request = { op: 'bgp.route', prefix: '10.244.0.0/26' };

/** A datastore that counts what is written to it. */
class CountedStore extends MemoryStore {
  writes = 0;
  isDown = false;

  override create: MemoryStore['create'] = (resource) => this.#written(super.create(resource));
  override update: MemoryStore['update'] = (resource) => this.#written(super.update(resource));
  override delete: MemoryStore['delete'] = (key, precondition) => this.#written(super.delete(key, precondition));

  async #written<T>(done: Promise<T>): Promise<T> {
    if (this.isDown) throw new DatastoreUnavailable('it is down');
    this.writes++;
    return done;
  }
}

/** So many nodes, each of which answers at once unless it is silent. */
function nodes(count: number, silent: readonly string[] = []) {
  const clock = new VirtualClock();
  const store = new CountedStore({ clock });
  const asked = new NodesInTurn({ store, clock, patience: 5000 });
  const names = Array.from({ length: count }, (_, at) => `n${at}`);
  /** When it was asked what, in seconds. */
  const times = new Map<string, number[]>();
  const answered = new Set<string>();
  const answer = async (one: CalicoNodeStatus): Promise<void> => {
    const { name, annotations = {} } = one.metadata;
    const node = String(one.spec.node);
    if (answered.has(name) || silent.includes(node)) return;
    answered.add(name);
    const said = await answeredAnnotations(annotations, async ({ op }) => {
      const key = `${op} ${node}`;
      times.set(key, [...(times.get(key) ?? []), clock.now() / 1000]);
      return node;
    });
    await store.update({ ...one, metadata: { ...one.metadata, annotations: { ...annotations, ...said } }, status: {} });
  };
  /** Time goes by; `each` is called in every quarter of a second. */
  const pass = async (seconds: number, each: (quarter: number) => void = () => {}): Promise<void> => {
    for (let quarter = 0; quarter < seconds * 4; quarter++) {
      each(quarter);
      await new Promise((resolve) => setImmediate(resolve));
      for (const one of (await store.list('CalicoNodeStatus')).items) await answer(one);
      clock.advance(250);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  /** Somebody has a page open that looks at these every ten seconds. */
  const watch = (seconds: number, looks: readonly Request[]): Promise<void> =>
    pass(seconds, (quarter) => {
      if (quarter % 40 === 0) for (const look of looks) void asked.of(look, names);
    });
  /** The longest time that a node was not asked for, in seconds, within the time that was watched. */
  const longest = ({ op }: Request): number =>
    Math.max(
      ...names.map((name) => {
        const all = [0, ...(times.get(`${op} ${name}`) ?? []), clock.now() / 1000];
        return Math.max(...all.slice(1).map((time, at) => time - all[at]));
      }),
    );
  return { clock, store, asked, names, pass, watch, longest, times };
}

t.test('a few nodes are asked at each look', async (t) => {
  const { store, watch, longest, times, asked } = nodes(3);
  await watch(60, [STATUS]);
  t.equal(times.get('status n0')?.length, 6);
  t.ok(longest(STATUS) <= 11, `${longest(STATUS)} s`);
  t.equal(store.writes, 6 * 3 * 3);
  t.equal(asked.secondsFor(3), 1);
});

t.test('five hundred nodes cost thirty writes a second, however many look at however much', async (t) => {
  const { store, watch, longest, asked } = nodes(500);
  const seconds = 200;
  await watch(seconds, [STATUS, FLOWS, STATUS]);
  t.ok(store.writes <= 30 * seconds + 3 * 30, `${store.writes} writes`);
  t.ok(store.writes >= 29 * seconds, 'and no time is lost');
  t.equal(asked.secondsFor(500), 100);
  for (const look of [STATUS, FLOWS]) t.ok(longest(look) <= 105, `each is asked again within ${longest(look)} s`);
});

t.test('a look gets what is known by then, and who was not asked yet is left out', async (t) => {
  const { asked, names, pass } = nodes(100);
  const look = asked.of(STATUS, names);
  await pass(6.5);
  const known = await look;
  t.ok(known.size >= 80 && known.size < 100, `${known.size}`);
  t.match(known.get('n0')?.said, { ok: true, result: 'n0' });
  await pass(4);
  const again = asked.of(STATUS, names);
  await pass(6.5);
  t.equal((await again).size, 100);
});

t.test('what is asked for the first time comes before what is asked again', async (t) => {
  const { asked, names, pass, watch, times } = nodes(200);
  await watch(30, [STATUS]);
  void asked.of(ROUTE, names);
  await pass(21);
  t.equal(names.filter((name) => times.has(`bgp.route ${name}`)).length, 200);
});

t.test('where nobody looks any more, nobody is asked', async (t) => {
  const { store, asked, names, pass } = nodes(2000);
  void asked.of(STATUS, names);
  await pass(70);
  const { writes } = store;
  t.ok(writes < 3 * 700, `${writes} writes`);
  await pass(60);
  t.equal(store.writes, writes);
});

t.test('a silent node holds up no other, and is silence', async (t) => {
  const { asked, names, pass } = nodes(40, ['n3']);
  const look = asked.of(STATUS, names);
  await pass(8);
  const known = await look;
  t.ok(known.has('n3'));
  t.equal(known.get('n3'), undefined);
  t.match(known.get('n39')?.said, { ok: true });
});

t.test('a datastore that is down is told, and the next look asks again', async (t) => {
  const { asked, names, pass, store } = nodes(2);
  store.isDown = true;
  await t.rejects(asked.of(STATUS, names), { message: /it is down/ });
  store.isDown = false;
  const look = asked.of(STATUS, names);
  await pass(2);
  t.equal((await look).size, 2);
});

t.test('its end leaves no question in the datastore', async (t) => {
  const { asked, names, pass, store } = nodes(50, ['n0']);
  void asked.of(STATUS, names);
  await pass(1);
  const closed = asked.close();
  await pass(6);
  await closed;
  t.same((await store.list('CalicoNodeStatus')).items, []);
});
