import t, { type Test } from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { DatastoreUnavailable, MemoryDatabase, MemoryStore, type Store } from '../../src/datastore/index.ts';
import { LEASE_ANNOTATION, Lease } from '../../src/keeping/leader/lease.ts';
import { newResource } from '../../src/model/index.ts';

/** Contenders for one store, each with its own connection that can be cut. */
class Contest {
  readonly clock = new VirtualClock();
  readonly database = new MemoryDatabase();
  readonly store: Store = new MemoryStore({ database: this.database, clock: this.clock });
  readonly leases = new Map<string, Lease>();
  readonly cut = new Set<string>();
  /** What happened: `a leads`, `a follows`. */
  readonly log: string[] = [];
  #most = 0;

  enter(t: Test, name: string): Lease {
    const lease = new Lease({
      store: this.#connection(name),
      clock: this.clock,
      log: silentLog,
      holder: name,
      onChange: (leads) => {
        this.log.push(`${name} ${leads ? 'leads' : 'follows'}`);
        this.#most = Math.max(this.#most, this.leaders().length);
      },
    });
    this.leases.set(name, lease);
    lease.start();
    t.teardown(() => lease.stop());
    return lease;
  }

  leaders(): string[] {
    return [...this.leases].filter(([, lease]) => lease.leads).map(([name]) => name);
  }

  /** How many ever led at once. */
  get most(): number {
    return this.#most;
  }

  pass(seconds: number): Promise<void> {
    return this.clock.advanceAsync(seconds * 1000);
  }

  configuration() {
    return this.store.get({ kind: 'KubeControllersConfiguration', name: 'default' });
  }

  #connection(name: string): Store {
    return new Proxy(this.store, {
      get: (target, member) => {
        const value: unknown = Reflect.get(target, member, target);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          if (this.cut.has(name)) throw new DatastoreUnavailable('cut off');
          return Reflect.apply(value, target, args);
        };
      },
    });
  }
}

t.test('of two contenders one leads, and goes on leading', async (t) => {
  const contest = new Contest();
  contest.enter(t, 'a');
  contest.enter(t, 'b');
  await contest.pass(1);
  const [first] = contest.leaders();
  t.equal(contest.leaders().length, 1);
  await contest.pass(3600);
  t.strictSame(contest.leaders(), [first]);
  t.strictSame(contest.log, [`${first} leads`], 'without a break');
});

t.test('a leader that stops hands over to whoever looks next', async (t) => {
  const contest = new Contest();
  const a = contest.enter(t, 'a');
  await contest.pass(1);
  contest.enter(t, 'b');
  await contest.pass(60);
  await a.stop();
  t.strictSame(contest.leaders(), []);
  await contest.pass(60);
  t.strictSame(contest.leaders(), ['b']);
});

t.test('a leader that can’t reach the store steps down before another takes over', async (t) => {
  const contest = new Contest();
  contest.enter(t, 'a');
  await contest.pass(1);
  contest.enter(t, 'b');
  await contest.pass(60);
  contest.cut.add('a');
  await contest.pass(120);
  t.strictSame(contest.log, ['a leads', 'a follows', 'b leads']);
  t.equal(contest.most, 1);
  contest.cut.delete('a');
  await contest.pass(60);
  t.strictSame(contest.leaders(), ['b'], 'and stays down when it is back');
});

t.test('while the store is away nobody leads; then one does', async (t) => {
  const contest = new Contest();
  for (const name of ['a', 'b', 'c']) contest.enter(t, name);
  await contest.pass(60);
  for (const name of ['a', 'b', 'c']) contest.cut.add(name);
  await contest.pass(300);
  t.strictSame(contest.leaders(), []);
  contest.cut.clear();
  await contest.pass(120);
  t.equal(contest.leaders().length, 1);
  t.equal(contest.most, 1);
});

t.test('settings that a person writes stay, and don’t unseat the leader', async (t) => {
  const contest = new Contest();
  const a = contest.enter(t, 'a');
  contest.enter(t, 'b');
  await contest.pass(60);
  const found = (await contest.configuration())!;
  const spec = { controllers: { node: { leakGracePeriod: '1m' } } };
  const metadata = { ...found.metadata, annotations: { ...found.metadata.annotations, mine: 'kept' } };
  await contest.store.update({ ...found, metadata, spec });
  await contest.pass(60);
  t.equal(contest.log.length, 1);
  t.match(await contest.configuration(), {
    spec,
    metadata: { annotations: { mine: 'kept', [LEASE_ANNOTATION]: /./ } },
  });
  t.match(a.configuration, { spec });
});

t.test('whoever replaces the object without the annotation causes one more election at most', async (t) => {
  const contest = new Contest();
  contest.enter(t, 'a');
  contest.enter(t, 'b');
  await contest.pass(120);
  const { metadata } = (await contest.configuration())!;
  await contest.store.update(
    newResource('KubeControllersConfiguration', { name: 'default', resourceVersion: metadata.resourceVersion }, {}),
  );
  await contest.pass(120);
  t.equal(contest.leaders().length, 1);
  await contest.store.delete({ kind: 'KubeControllersConfiguration', name: 'default' });
  await contest.pass(120);
  t.equal(contest.leaders().length, 1);
});

t.test('an object that wasn’t there gets what kube-controllers would write', async (t) => {
  const contest = new Contest();
  contest.enter(t, 'a');
  await contest.pass(1);
  t.match(await contest.configuration(), {
    spec: { controllers: { node: { leakGracePeriod: '15m0s', syncLabels: 'Enabled' } } },
  });
});
