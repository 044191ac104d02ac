import t from 'tap';
import { Restorations } from '../../src/datastore/restorations.ts';

t.test('a revision before the last restoration counts as expired, one after it does not', async (t) => {
  const restorations = new Restorations();
  const ask = (revision: string, identity?: string, place = 'a'): void => {
    restorations.answered(place, revision, restorations.asking(place), identity);
  };
  ask('100');
  restorations.heard('a', '105');
  t.equal(restorations.stamped('105'), '105');
  ask('105');
  t.equal(restorations.own('105'), '105');
  ask('104');
  t.equal(restorations.count, 1);
  t.throws(() => restorations.own('105'), { code: 'EXPIRED' });
  t.equal(restorations.own(restorations.stamped('7/8')), '7/8');
  ask('104');
  t.equal(restorations.count, 1, 'it is noticed once');
  ask('9', undefined, 'b');
  t.equal(restorations.count, 1, 'another place has numbers of its own');
  ask('200', 'x');
  ask('300', 'y');
  t.equal(restorations.count, 2, 'another cluster answers');
});

t.test('answers that were overtaken by events, or by the restoration itself, are none', async (t) => {
  const restorations = new Restorations();
  const [slow, other] = [restorations.asking('a'), restorations.asking('a')];
  restorations.heard('a', '50');
  restorations.answered('a', '40', slow);
  t.equal(restorations.count, 0, 'asked before the event');
  const [first, second] = [restorations.asking('a'), restorations.asking('a')];
  restorations.answered('a', '10', first);
  restorations.answered('a', '11', second);
  t.equal(restorations.count, 1);
  restorations.answered('a', 'opaque', restorations.asking('a'));
  restorations.answered('a', '1', other);
  t.equal(restorations.count, 1);
});
