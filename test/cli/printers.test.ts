import t from 'tap';
import { goFloat, join } from '../../src/cli/go-values.ts';
import { box } from '../../src/cli/printers/box.ts';
import { sinceText } from '../../src/cli/printers/since.ts';
import { tabulate } from '../../src/cli/printers/tabwriter.ts';

t.test('columns are as wide as their longest text and three, and at least five', async (t) => {
  t.equal(tabulate([['A', 'B']]), 'A    B    \n');
  t.equal(
    tabulate([
      ['NAME', 'X'],
      ['k8s-master', 'ü'],
      ['', 'long text'],
    ]),
    'NAME         X           \nk8s-master   ü           \n             long text   \n',
  );
  t.equal(tabulate([]), '');
});

t.test('numbers stand to the right in a box, text to the left, headings in the middle', async (t) => {
  t.equal(
    box(
      ['a', 'long heading'],
      [
        ['1', 'x'],
        ['text', '1,024'],
        ['-2.5', '3%'],
      ],
    ),
    `+------+--------------+
|  A   | LONG HEADING |
+------+--------------+
|    1 | x            |
| text |        1,024 |
| -2.5 | 3%           |
+------+--------------+
`,
  );
  t.equal(box(['a'], []), '+---+\n| A |\n+---+\n');
});

t.test('long cells are broken so that their lines are even', async (t) => {
  const words = 'one two three four five six seven eight nine ten eleven twelve';
  const lines = box(['text'], [[words]])
    .split('\n')
    .slice(3, -2)
    .map((line) => line.slice(2, -2).trim());
  t.equal(lines.join(' '), words);
  t.ok(lines.every((line) => line.length <= 30));
  t.match(box(['t'], [[`a ${'x'.repeat(40)} b`]]), 'x'.repeat(40), 'a word that is too long is left whole');
});

t.test('floats as Go prints them', async (t) => {
  const cases: readonly (readonly [unknown, string])[] = [
    [100, '100'],
    [0, '0'],
    [2.5, '2.5'],
    [-1, '-1'],
    [999_999, '999999'],
    [1_000_000, '1e+06'],
    [1_234_567, '1.234567e+06'],
    [1e21, '1e+21'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [undefined, '<nil>'],
  ];
  for (const [value, text] of cases) t.equal(goFloat(value), text);
});

t.test('lists and maps are joined, and cut when they are long', async (t) => {
  t.equal(join(['a', 'b'], ','), 'a,b');
  t.equal(join({ b: 1, a: 'x' }, ','), 'a=x,b=1');
  t.equal(join(undefined, ','), '');
  t.equal(join('abc', ','), 'abc');
  t.equal(join(['abcdef', 'ghi'], ',', 8), 'abcde...');
});

t.test('a time of today, and the date of another day', async (t) => {
  const at = (day: number, hour: number): number => new Date(2026, 0, day, hour, 3, 56).getTime();
  t.equal(sinceText(at(2, 9), at(2, 23)), '09:03:56');
  t.equal(sinceText(at(1, 23), at(2, 0)), '2026-01-01');
});
