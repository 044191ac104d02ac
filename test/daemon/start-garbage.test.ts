import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { StartGarbage } from '../../src/daemon/start-garbage.ts';

function watched(t: Tap): {
  readonly clock: VirtualClock;
  readonly garbage: StartGarbage;
  readonly collected: unknown[];
} {
  const collected: unknown[] = [];
  const before = globalThis.gc;
  globalThis.gc = ((how: unknown) => void collected.push(how)) as never;
  t.teardown(() => {
    globalThis.gc = before;
  });
  const clock = new VirtualClock();
  return { clock, garbage: new StartGarbage(clock), collected };
}
type Tap = Pick<typeof t, 'teardown'>;

t.test('what the start left behind is given back once, when the node has come to rest', async (t) => {
  const { clock, garbage, collected } = watched(t);
  garbage.collectSoon();
  garbage.collectSoon();
  t.same(collected, []);
  clock.advance(60_000);
  garbage.collectSoon();
  clock.advance(60_000);
  t.equal(collected.length, 1);
});

t.test('a node that ends before collects nothing', async (t) => {
  const { clock, garbage, collected } = watched(t);
  garbage.collectSoon();
  garbage.stop();
  clock.advance(60_000);
  t.same(collected, []);
});

t.test('a Node without the means goes on', async (t) => {
  const { clock, garbage } = watched(t);
  globalThis.gc = undefined;
  garbage.collectSoon();
  t.doesNotThrow(() => clock.advance(60_000));
});
