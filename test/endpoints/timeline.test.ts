import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { Timelines } from '../../src/endpoints/timeline.ts';

const WEB = { op: 'add', pod: 'red/web', containerId: 'c1' } as const;
const IDENTITY = { namespace: 'red', workload: 'web' };

t.test(
  'a request is told with its steps, each with its time, while it is under way and when it has ended',
  async (t) => {
    const clock = new VirtualClock();
    const timelines = new Timelines(clock);
    const change = timelines.begin('add', WEB, IDENTITY);
    clock.advance(12);
    change.step('addresses', '10.0.0.1/32');
    const [before] = timelines.of('red/web');
    t.match(before, { ...WEB, change: /^[0-9a-f]{8}$/, begun: clock.wallTime() - 12, outcome: undefined });
    t.match(before.steps, [
      { what: 'received', at: 0, about: 'container c1' },
      { what: 'addresses', at: 12, about: '10.0.0.1/32' },
    ]);
    clock.advance(3);
    t.equal(await change.until(Promise.resolve('result')), 'result');
    t.match(timelines.of('red/web'), [{ outcome: 'done', steps: [{}, {}, { what: 'answered', at: 15 }] }]);
    t.equal(before.steps.length, 2, 'what was told stays');
    t.same(timelines.of('red/db'), []);
  },
);

t.test('an error is known by the request that it ended', async (t) => {
  const timelines = new Timelines(new VirtualClock());
  const change = timelines.begin('add', WEB, IDENTITY);
  const error = new Error('no address is left');
  await t.rejects(change.until(Promise.reject(error)), error);
  t.equal(timelines.changeOf(error), change.id);
  t.match(timelines.of('red/web'), [
    { outcome: 'failed', error: 'no address is left', steps: [{}, { what: 'failed' }] },
  ]);
  t.same([timelines.changeOf(new Error('another')), timelines.changeOf('text')], [undefined, undefined]);
  await t.rejects(timelines.begin('add', WEB, IDENTITY).until(Promise.reject('text')));
});

t.test('the last five hundred are remembered, in their order', async (t) => {
  const timelines = new Timelines(new VirtualClock());
  for (let count = 0; count < 600; count++)
    timelines.begin('del', { containerId: `c${count}` }, { namespace: 'red', workload: `p${count % 2}` });
  const kept = timelines.of('red/p0');
  t.equal(kept.length, 250);
  t.same([kept[0].containerId, kept.at(-1)?.containerId], ['c100', 'c598']);
});
