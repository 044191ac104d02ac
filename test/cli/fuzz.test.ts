import fc from 'fast-check';
import t from 'tap';
import { CommandError, FileError } from '../../src/cli/errors.ts';
import { renderTemplate } from '../../src/cli/printers/go-template/render.ts';
import { patched } from '../../src/cli/resources/patch.ts';
import { targetsOfText } from '../../src/cli/resources/targets.ts';

const WORDS = [
  'kind',
  'apiVersion',
  'metadata',
  'spec',
  ': ',
  '\n',
  '- ',
  '{',
  '}',
  '[',
  ']',
  '&a',
  '*a',
  '|',
  '>',
  '"',
  "'",
  '#',
  '---',
  '<<',
  '!!binary',
  '\t',
  '  ',
  'IPPool',
  'projectcalico.org/v3',
  'items',
  'List',
];
const ACTIONS = [
  '{{',
  '}}',
  '-',
  ' ',
  'range',
  'if',
  'else',
  'end',
  'with',
  '.',
  '.Spec',
  '$x',
  ':=',
  '|',
  '(',
  ')',
  '"a"',
  '`',
  'len',
  'index',
  'eq',
  '1',
  'x',
  '/*',
  '*/',
];

function made(words: readonly string[]): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join(''));
}

/** Runs it; only these errors may come out. */
function survives(action: () => unknown): boolean {
  try {
    action();
  } catch (error) {
    if (!(error instanceof FileError) && !(error instanceof CommandError)) throw error;
  }
  return true;
}

t.test('no text of a manifest crashes the reader', async (t) => {
  const texts = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), made(WORDS));
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(texts, (text) => survives(() => targetsOfText(text))),
      { seed: 1, numRuns: 500 },
    ),
  );
  t.ok(
    survives(() => targetsOfText('['.repeat(50_000))),
    'nesting without end',
  );
  const bomb = Array.from({ length: 40 }, (_, index) =>
    `a${index}: &a${index} [${`*a${index - 1},`.repeat(9)}]`.replaceAll('*a-1', '1'),
  );
  t.throws(() => targetsOfText(bomb.join('\n')), FileError, 'aliases without end');
});

t.test('no template crashes the renderer', async (t) => {
  const data = [{ kind: 'IPPoolList', items: [{ metadata: { name: 'x' }, spec: { cidr: '10.0.0.0/16' } }] }];
  const texts = fc.oneof(
    made(ACTIONS),
    made(ACTIONS).map((text) => `{{${text}}}`),
  );
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(texts, (text) => survives(() => renderTemplate(text, data))),
      { seed: 2, numRuns: 500 },
    ),
  );
});

t.test('no patch crashes the patcher or reaches beyond the document', async (t) => {
  const path = fc.constantFrom(
    '',
    '/',
    '/a',
    '/a/0',
    '/a/-',
    '/__proto__/x',
    '/b/c',
    '/b/constructor/prototype/x',
    'x',
    5,
  );
  const operation = fc.record({
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
    path,
    from: path,
    value: fc.jsonValue(),
  });
  const patches = fc.oneof(fc.array(fc.oneof(operation, fc.jsonValue())), fc.jsonValue());
  const patchAll = (patch: unknown): boolean => survives(() => patched({ a: [1, 2], b: { c: 'd' } }, patch));
  t.doesNotThrow(() => fc.assert(fc.property(patches, patchAll), { seed: 3, numRuns: 500 }));
  patched({}, JSON.parse('{"__proto__": {"polluted": true}}'));
  t.equal(({} as Record<string, unknown>)['polluted'], undefined);
});
