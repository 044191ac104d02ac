import t from 'tap';
import { VirtualClock } from '../../../src/base/index.ts';
import { MemoryNetwork } from '../../../src/bgp/transport/index.ts';
import { pair, type Side, type SideOptions } from './pair.ts';

/*
 * Every order in which the beginnings of two sessions can happen. What one host does depends only on the order of
 * what happens to it, so two orders that look the same to both hosts are the same: that keeps the search small.
 */

/** One thing that may happen next, and to whom. */
interface Choice {
  readonly label: string;
  readonly host: string;
  act(): void;
}

class World {
  readonly clock = new VirtualClock();
  readonly queues = new Map<string, (() => void)[]>();
  readonly network = new MemoryNetwork({
    clock: this.clock,
    deliver: (channel, action) => {
      const queue = this.queues.get(channel);
      if (queue) queue.push(action);
      else this.queues.set(channel, [action]);
    },
  });
  readonly unstarted = new Set<Side>();
  losses: number;
  a!: Side;
  b!: Side;

  constructor(losses: number) {
    this.losses = losses;
  }

  async build(left: SideOptions, right: SideOptions): Promise<this> {
    const { a, b } = await pair(left, right, this.network, this.clock);
    this.a = a;
    this.b = b;
    this.unstarted.add(a).add(b);
    return this;
  }

  choices(): Choice[] {
    const list: Choice[] = [];
    for (const side of this.unstarted) {
      const act = (): void => {
        this.unstarted.delete(side);
        side.session.start();
      };
      list.push({ label: 'start', host: side.address, act });
    }
    for (const [channel, queue] of this.queues) {
      if (queue.length === 0) continue;
      // A channel is named after its sender.
      const host = channel.endsWith(this.a.address) ? this.b.address : this.a.address;
      list.push({ label: channel, host, act: () => queue.shift()!() });
    }
    if (this.losses > 0) {
      for (const end of this.network.open) {
        const act = (): void => {
          this.losses--;
          (end as unknown as { break(reason: string): void }).break('lost');
        };
        list.push({ label: `lose ${end.local.port}-${end.remote.port}`, host: end.local.address, act });
      }
    }
    return list;
  }

  /** Delivers all that is under way, and lets time pass, in the plain order. */
  run(milliseconds: number): void {
    const until = this.clock.now() + milliseconds;
    for (;;) {
      const next = this.choices().find(({ label }) => !label.startsWith('lose'));
      if (next) next.act();
      else if (this.clock.nextDue !== undefined && this.clock.nextDue <= until) {
        this.clock.advance(this.clock.nextDue - this.clock.now());
      } else break;
    }
    this.clock.advance(until - this.clock.now());
  }
}

interface Search {
  readonly orders: number;
  readonly failures: readonly string[];
  /** Ends whose session came up more than once although nothing was lost. */
  readonly flaps: number;
  readonly slowest: number;
}

/**
 * How many things happen in every order. Where fourteen are over, each side has seen the other's OPEN; with EVERY_ORDER
 * set, all that follows is tried too.
 */
const DEPTH = process.env['EVERY_ORDER'] ? 40 : 14;

/** A search that goes beyond this has found two speakers that never agree. */
const MOST_BEGINNINGS = 100_000;

/** A beginning: which choices were made, and what each host saw of them. */
interface Beginning {
  readonly path: readonly number[];
  readonly seen: Readonly<Record<string, string>>;
}

/** Every order of the first `depth` things that happen; the rest then in the plain order. */
async function search(left: SideOptions, right: SideOptions, losses: number, depth: number): Promise<Search> {
  const known = new Set<string>();
  const failures: string[] = [];
  let orders = 0;
  let flaps = 0;
  let slowest = 0;
  const stack: Beginning[] = [{ path: [], seen: {} }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (known.size > MOST_BEGINNINGS)
      return { orders, failures: ['no end to it: connections come and go'], flaps, slowest };
    let { path, seen } = next;
    const world = await new World(losses).build(left, right);
    for (const index of path) world.choices()[index]!.act();
    let dead = false;
    while (path.length < depth) {
      const choices = world.choices();
      if (choices.every(({ label }) => label.startsWith('lose'))) break;
      const fresh: Beginning[] = [];
      for (const [index, { host, label }] of choices.entries()) {
        const after = { ...seen, [host]: `${seen[host] ?? ''}, ${label}` };
        const key = `${after['10.0.0.1']} | ${after['10.0.0.2']}`;
        if (known.has(key)) continue;
        known.add(key);
        fresh.push({ path: [...path, index], seen: after });
      }
      // One of them goes on in this world, which saves living through its beginning again.
      const onward = fresh.pop();
      dead = onward === undefined;
      if (onward === undefined) break;
      stack.push(...fresh);
      ({ path, seen } = onward);
      choices[path.at(-1)!]!.act();
    }
    if (dead) continue;
    orders++;
    const problem = outcome(world, (took) => {
      slowest = Math.max(slowest, took);
    });
    if (problem) failures.push(`${problem}: ${JSON.stringify(seen)}`);
    if (world.a.session.status.flaps + world.b.session.status.flaps > 0) flaps++;
  }
  return { orders, failures, flaps, slowest };
}

/** What is wrong at the end, if anything: one connection, up at both ends, that stays. */
function outcome(world: World, took: (milliseconds: number) => void): string | undefined {
  const { a, b, network } = world;
  const whole = (): boolean => a.state === 'Established' && b.state === 'Established' && network.open.length === 2;
  world.run(0);
  while (!whole() && world.clock.now() < 10_000) world.run(50);
  took(world.clock.now());
  if (!whole()) return `A ${a.state}, B ${b.state}, ${network.open.length} ends`;
  const [one, other] = network.open;
  if (one!.local.port !== other!.remote.port) return 'the ends belong to different connections';
  const flaps = a.session.status.flaps + b.session.status.flaps;
  world.run(2000);
  if (!whole()) return `came apart: A ${a.state}, B ${b.state}`;
  return a.session.status.flaps + b.session.status.flaps === flaps ? undefined : 'flapped after it was up';
}

const CASES: readonly (readonly [string, SideOptions, SideOptions])[] = [
  ['both dial, the second has the higher identifier', { routerId: 1 }, { routerId: 2 }],
  ['one is passive', { config: { passive: true } }, {}],
  ['one lets the other speak first', { config: { delayOpenTime: 1 } }, {}],
];

for (const [name, left, right] of CASES) {
  t.test(`${name}: in every order one connection is left, and no session is lost on the way`, async (t) => {
    const { orders, failures, flaps, slowest } = await search(left, right, 0, DEPTH);
    t.same(failures.slice(0, 3), []);
    t.equal(flaps, 0);
    t.ok(orders > 3, `${orders} orders`);
    t.ok(slowest <= 1500, `at most ${slowest} ms`);
  });
}

t.test('wherever one connection is lost, another one takes its place', async (t) => {
  const { orders, failures, slowest } = await search({ routerId: 1 }, { routerId: 2 }, 1, 9);
  t.same(failures.slice(0, 3), []);
  t.ok(slowest <= 5000, `${orders} orders, at most ${slowest} ms`);
});
