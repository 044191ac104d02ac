import t, { type Test } from 'tap';
import { MtuSearch } from '../../src/paths/mtu-search.ts';

/** Tries packets on a way that takes `mtu` octets, until the same two are tried in turn; what was tried. */
function tried(search: MtuSearch, mtu: number, rounds = 60): readonly number[] {
  return Array.from({ length: rounds }, () => {
    const size = search.next();
    search.heard(size, size > mtu);
    return size;
  });
}

function found(t: Test, wanted: number, mtu: number): void {
  const search = new MtuSearch(wanted);
  const sizes = tried(search, mtu);
  t.equal(search.passed, mtu, `${mtu} of ${wanted}`);
  t.same(
    [...new Set(sizes.slice(-4))].sort(),
    [mtu, wanted].sort(),
    'what is wanted and what was found are tried in turn',
  );
}

t.test('a way that takes what is wanted is tried with nothing else', async (t) => {
  const search = new MtuSearch(1450);
  t.equal(search.passed, 0, 'nothing is known at first');
  t.same([...new Set(tried(search, 1500))], [1450]);
  t.equal(search.passed, 1450);
});

t.test('what a narrower way takes is found, to the octet', async (t) => {
  for (const mtu of [1449, 1448, 1400, 1280, 576, 101]) found(t, 1450, mtu);
  found(t, 8950, 1450);
});

t.test('packets that any network loses now and then are no narrow way', async (t) => {
  const search = new MtuSearch(1450);
  tried(search, 1500, 1);
  for (let at = 0; at < 50; at++) search.heard(1450, at % 3 !== 0);
  t.equal(search.passed, 1450);
});

t.test('three in a row are, and the way is known again as soon as it is mended', async (t) => {
  const search = new MtuSearch(1450);
  tried(search, 1500, 1);
  search.heard(1450, true);
  search.heard(1450, true);
  t.equal(search.passed, 1450);
  search.heard(1450, true);
  t.equal(search.passed, 100, 'small ones got through');
  tried(search, 1300);
  t.equal(search.passed, 1300);
  tried(search, 1500, 2);
  t.equal(search.passed, 1450);
});

t.test('a narrow way that becomes narrower is noticed', async (t) => {
  const search = new MtuSearch(1450);
  tried(search, 1300);
  tried(search, 1200, 80);
  t.equal(search.passed, 1200);
});
