import t from 'tap';
import { formatGoDuration, parseDuration, parseGoDuration } from '../../src/base/index.ts';

t.test('a duration is what Go takes for one', async (t) => {
  const milliseconds: readonly (readonly [text: string, expected: number | undefined])[] = [
    ['0', 0],
    ['+0', 0],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['.5s', 500],
    ['2.s', 2000],
    ['+7s', 7000],
    ['1.5ms2us', 1.502],
    ['5µs', 0.005],
    ['5μs', 0.005],
    ['3ns', 0.000003],
    ['-0', 0],
    ['-90s', undefined],
    ['', undefined],
    ['.s', undefined],
    ['-', undefined],
    ['90', undefined],
    ['1d', undefined],
    ['1 s', undefined],
    ['1S', undefined],
    ['++1s', undefined],
    ['10000000h', undefined],
  ];
  for (const [text, expected] of milliseconds) t.equal(parseDuration(text), expected, JSON.stringify(text));
});

t.test('a negative one is a duration too, where Go reads it', async (t) => {
  t.same(parseGoDuration('-1m5s'), { nanoseconds: -65_000_000_000n });
  t.equal(formatGoDuration(-65_000_000_000n), '-1m5s');
});
