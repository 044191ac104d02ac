import t from 'tap';
import { Interned } from '../../src/base/index.ts';
import { leftByMillion } from '../fakes/heap.ts';

t.test('equal keys are one number, numbers start at 1, and 0 is nothing', async (t) => {
  const names = new Interned<string, string>('nothing');
  t.equal(names.find('a'), 0);
  const a = names.retain(names.add('a', 'A'));
  t.equal(names.retain(names.find('a')), a);
  t.same(names.values, ['nothing', 'A']);
  names.release(a);
  t.equal(names.find('a'), a, 'somebody still refers to it');
  names.release(a);
  t.same([names.find('a'), names.size], [0, 0]);
  t.same(names.values, ['nothing', 'nothing']);
  t.equal(names.add('b', 'B'), a, 'its number goes to another');
  names.retain(0);
  names.release(0);
  names.release(0);
  t.equal(names.size, 1, 'nothing is not counted');
});

t.test('where others may still read a value, it stays until it is collected', async (t) => {
  const names = new Interned<string, string>('', 'collect');
  const [a, b, c] = ['a', 'b', 'c'].map((name) => names.add(name, name));
  names.retain(a);
  names.release(a);
  names.retain(b);
  names.release(b);
  names.retain(b);
  t.equal(names.values[a], 'a');
  const gone: string[] = [];
  names.collect((number) => gone.push(names.values[number]));
  t.same(gone, ['a', 'c'], 'one was given up, the other was never referred to');
  t.same([names.find('b'), names.size], [b, 1]);
  t.not(names.add('d', 'd'), b);
  t.ok(c > 0);
  names.collect();
  t.equal(names.size, 1);
});

t.test('a million values come and go and leave nothing', async (t) => {
  for (const freedAt of ['release', 'collect'] as const) {
    const values = new Interned<string, { readonly step: number }>({ step: -1 }, freedAt);
    const left = leftByMillion((step) => {
      values.release(values.retain(values.add(`value ${step}`, { step })));
      if (step % 100 === 0) values.collect();
    });
    t.ok(left < 1_000_000, `${freedAt}: ${left} octets`);
    t.ok(values.values.length < 200);
  }
});
