import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { ProblemHistory } from '../../src/daemon/problem-history.ts';

const HOUR = 3600_000;

t.test('a problem is there since it was seen first, whatever its numbers say meanwhile', (t) => {
  const clock = new VirtualClock(1000);
  const history = new ProblemHistory(clock);
  t.same(history.seen(['3 routes refused']), [{ text: '3 routes refused', since: 1000, times: 1 }]);
  clock.advance(500);
  t.same(history.seen(['4 routes refused', 'no peer']), [
    { text: '4 routes refused', since: 1000, times: 1 },
    { text: 'no peer', since: 1500, times: 1 },
  ]);
  t.end();
});

t.test('one that comes back is counted within a day', (t) => {
  const clock = new VirtualClock(0);
  const history = new ProblemHistory(clock);
  const comes = () => history.seen(['no peer'])[0];
  comes();
  for (const times of [2, 3]) {
    history.seen([]);
    clock.advance(HOUR);
    t.same(comes(), { text: 'no peer', since: (times - 1) * HOUR, times });
  }
  history.seen([]);
  clock.advance(25 * HOUR);
  t.match(comes(), { times: 1, since: 27 * HOUR });
  t.end();
});

t.test('what is remembered is bounded', (t) => {
  const history = new ProblemHistory(new VirtualClock(0));
  const name = (n: number): string => [...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
  history.seen(['first']);
  for (let n = 0; n < 2000; n++) history.seen([name(n)]);
  t.match(history.seen(['first']), [{ times: 1 }], 'the one longest gone is forgotten');
  t.match(history.seen([name(1999)]), [{ times: 2 }]);
  t.end();
});

t.test('somebody looks from time to time, until it ends', (t) => {
  const clock = new VirtualClock(0);
  const history = new ProblemHistory(clock);
  let looks = 0;
  history.follow(() => {
    looks++;
  });
  clock.advance(95_000);
  t.equal(looks, 3);
  history.stop();
  clock.advance(95_000);
  t.equal(looks, 3);
  t.end();
});
