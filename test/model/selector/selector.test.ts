import fc from 'fast-check';
import t from 'tap';
import {
  evaluate,
  formatSelector,
  matchesSelector,
  parseSelector,
  type Selector,
  SelectorError,
} from '../../../src/model/index.ts';

const labels = { colour: 'red', 'projectcalico.org/namespace': 'web', in: 'x', contains: 'yes', 'a.b/c_d-e': '' };

/** A selector, its canonical text, whether it matches `labels`. */
const cases: readonly (readonly [string, string, boolean])[] = [
  ['', 'all()', true],
  [' \t', 'all()', true],
  ['all()', 'all()', true],
  ['all( )', 'all()', true],
  ['global()', 'global()', false],
  ['!global()', '!global()', true],
  ["colour == 'red'", 'colour == "red"', true],
  ['colour=="red"', 'colour == "red"', true],
  ['colour == "Red"', 'colour == "Red"', false],
  ['colour != "red"', 'colour != "red"', false],
  ['absent == ""', 'absent == ""', false],
  ['absent != "red"', 'absent != "red"', true],
  ["colour in {'blue', 'red'}", 'colour in {"blue", "red"}', true],
  ["colour in {'red', 'blue', 'red',}", 'colour in {"blue", "red"}', true],
  ['colour in {}', 'colour in {}', false],
  ['absent in {"a"}', 'absent in {"a"}', false],
  ['absent not in {"a"}', 'absent not in {"a"}', true],
  ["colour notin{'red'}", 'colour not in {"red"}', false],
  ['colour not  in {"green"}', 'colour not in {"green"}', true],
  ['has(colour)', 'has(colour)', true],
  ['has( absent )', 'has(absent)', false],
  ['!has(colour)', '!has(colour)', false],
  ['! ! !has(colour)', '!has(colour)', false],
  ['!!has(colour)', 'has(colour)', true],
  ['colour contains "e"', 'colour contains "e"', true],
  ['absent contains ""', 'absent contains ""', false],
  ["colour starts with 're'", 'colour starts with "re"', true],
  ["colour startswith 'ed'", 'colour starts with "ed"', false],
  ["colour ends with 'ed'", 'colour ends with "ed"', true],
  ["colour endswith 're'", 'colour ends with "re"', false],
  ["colour == 'a \" b'", "colour == 'a \" b'", false],
  ['in in {"x"}', 'in in {"x"}', true],
  ['contains contains "es"', 'contains contains "es"', true],
  ['a.b/c_d-e == ""', 'a.b/c_d-e == ""', true],
  ['has(colour) && absent == "x" || all()', '((has(colour) && absent == "x") || all())', true],
  ['has(colour) && (absent == "x" || all())', '(has(colour) && (absent == "x" || all()))', true],
  ['((has(colour)))', 'has(colour)', true],
  ['!(has(colour) || has(absent))', '!(has(colour) || has(absent))', false],
];

t.test('selectors have one canonical text, and match as Calico says', async (test) => {
  for (const [text, canonical, matches] of cases) {
    test.equal(formatSelector(parseSelector(text)), canonical, text);
    test.equal(matchesSelector(text, labels), matches, text);
  }
});

/** Text that is no selector, the column of the fault, and what is said. */
const faults: readonly (readonly [string, number, string])[] = [
  ['a', 2, 'expected operator after label'],
  ['a b', 3, 'expected operator after label'],
  ['a inx {"b"}', 3, 'expected operator after label'],
  ['a = "b"', 5, 'expected =='],
  ['a == b', 6, 'expected string'],
  ['a == "b', 6, 'unterminated string'],
  ['a == "b" & c', 12, 'expected &&'],
  ['a == "b" | c', 12, 'expected ||'],
  ['a == "b" c == "d"', 10, 'unexpected content at end of selector'],
  ['a == "b" &&', 12, 'unexpected end of string looking for op'],
  ['!', 2, 'unexpected end of string looking for op'],
  ['(a == "b"', 10, 'expected )'],
  ['has(a', 6, "no closing ')' after has("],
  ['has()', 5, 'expected identifier'],
  ['=="x"', 1, 'expected identifier'],
  ['a in "b"', 6, 'expected set literal'],
  ['a in {"b" "c"}', 11, 'expected }'],
  ['a in {"b",', 11, 'expected string'],
  ['a in {b}', 7, 'expected string'],
  [`${'('.repeat(200)}all()${')'.repeat(200)}`, 102, 'more than 100 brackets within each other'],
];

t.test('a fault is named with its column', async (test) => {
  for (const [text, column, problem] of faults) {
    const error = errorOf(text);
    test.ok(error?.message.includes(`${problem} at column`), `${text}: ${error?.message}`);
    test.equal(error?.column, column, text);
  }
});

t.test('the text of a selector is that of its meaning, not of how it was written', async (test) => {
  const text = formatSelector(parseSelector("a in {'y', 'x'}"));
  test.equal(text, formatSelector(parseSelector('  a in {"x","y","x"}')));
  test.not(text, formatSelector(parseSelector('a in {"x"}')));
});

const label = fc.stringMatching(/^[A-Za-z0-9_./-]{1,6}$/);
const value = fc.string({ maxLength: 6 }).filter((text) => !(text.includes('"') && text.includes("'")));
const { selector } = fc.letrec<{ selector: Selector }>((tie) => ({
  selector: fc.oneof(
    { maxDepth: 4 },
    fc.record({ kind: fc.constantFrom('all' as const, 'global' as const) }),
    fc.record({ kind: fc.constant('has' as const), label }),
    fc.record({ kind: fc.constantFrom('==', '!=', 'contains', 'starts with', 'ends with'), label, value }),
    fc.record({
      kind: fc.constantFrom('in' as const, 'not in' as const),
      label,
      values: fc.array(value, { maxLength: 4 }).map((values) => new Set(values)),
    }),
    fc
      .record({ kind: fc.constant('not' as const), operand: tie('selector') })
      .filter(({ operand }) => operand.kind !== 'not'),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      operands: fc.array(tie('selector'), { minLength: 2, maxLength: 3 }),
    }),
  ) as fc.Arbitrary<Selector>,
}));

t.test('canonical text parses to the same text, and means the same', async (test) => {
  const anyLabels = fc.dictionary(label, value, { maxKeys: 5 });
  fc.assert(
    fc.property(selector, anyLabels, (tree, given) => {
      const text = formatSelector(tree);
      const again = parseSelector(text);
      return formatSelector(again) === text && evaluate(again, given) === evaluate(tree, given);
    }),
    { seed: 61, numRuns: 1000 },
  );
  test.pass('for a thousand trees');
});

t.test('any text gives a selector or a SelectorError', async (test) => {
  const piece = fc.constantFrom(
    'a',
    '==',
    '!=',
    '"x"',
    "'y'",
    'in',
    'not',
    '{',
    '}',
    '(',
    ')',
    '&&',
    '||',
    '!',
    ',',
    ' ',
    'has(',
    'all()',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, (given) => {
      try {
        return formatSelector(parseSelector(given)) !== '';
      } catch (error) {
        return error instanceof SelectorError && error.column >= 1 && error.column <= given.length + 1;
      }
    }),
    { seed: 62, numRuns: 3000 },
  );
  test.pass('for three thousand texts');
});

function errorOf(text: string): SelectorError | undefined {
  try {
    parseSelector(text);
    return undefined;
  } catch (error) {
    return error instanceof SelectorError ? error : undefined;
  }
}
