import fc from 'fast-check';
import t from 'tap';
import { LabelIndex, type Selection } from '../../src/calc/label-index.ts';
import { evaluate, type Labels, matchesSelector, type Selector } from '../../src/model/index.ts';

const LABELS = ['app', 'tier', 'projectcalico.org/namespace', 'constructor'];
const VALUES = ['', 'a', 'b', 'ab'];

const label = fc.constantFrom(...LABELS);
const value = fc.constantFrom(...VALUES);
const labels = fc.dictionary(label, value, { maxKeys: 3 });

const { selector } = fc.letrec<{ selector: string }>((tie) => ({
  selector: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('all()', 'global()'),
    label.map((key) => `has(${key})`),
    fc
      .tuple(label, fc.constantFrom('==', '!=', 'contains', 'starts with', 'ends with'), value)
      .map(([key, word, text]) => `${key} ${word} '${text}'`),
    fc
      .tuple(label, fc.constantFrom('in', 'not in'), fc.array(value, { maxLength: 3 }))
      .map(([key, word, texts]) => `${key} ${word} {${texts.map((text) => `'${text}'`).join(', ')}}`),
    tie('selector').map((inner) => `!(${inner})`),
    fc.tuple(tie('selector'), tie('selector')).map(([a, b]) => `(${a}) && (${b})`),
    fc.tuple(tie('selector'), tie('selector')).map(([a, b]) => `(${a}) || (${b})`),
  ),
}));

type Step =
  | { readonly kind: 'label'; readonly id: string; readonly labels: Labels | undefined }
  | { readonly kind: 'select'; readonly text: string }
  | { readonly kind: 'release'; readonly at: number };

const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('label' as const),
      id: fc.constantFrom('x', 'y', 'z'),
      labels: fc.option(labels, { nil: undefined }),
    }),
    fc.record({ kind: fc.constant('select' as const), text: selector }),
    fc.record({ kind: fc.constant('release' as const), at: fc.nat(5) }),
  ) as fc.Arbitrary<Step>,
  { maxLength: 30 },
);

t.test('whatever comes in whatever order, each selection has just what its selector matches', async (t) => {
  fc.assert(
    fc.property(steps, (history) => {
      const index = new LabelIndex();
      const things = new Map<string, Labels>();
      const held: Selection[] = [];
      for (const step of history) {
        if (step.kind === 'select') held.push(index.select(step.text));
        else if (step.kind === 'release') {
          for (const one of held.splice(step.at, 1)) index.release(one);
        } else {
          const before = new Set(index.matching(step.id));
          const { started, stopped } = index.label(step.id, step.labels);
          for (const one of started) before.add(one);
          for (const one of stopped) if (!before.delete(one)) return false;
          if (step.labels === undefined) things.delete(step.id);
          else things.set(step.id, step.labels);
          const now = new Set(index.matching(step.id));
          if (now.size !== before.size || [...now].some((one) => !before.has(one))) return false;
        }
        for (const { selector, members } of held) {
          const right = [...things].filter(([, of]) => evaluate(selector, of)).map(([id]) => id);
          if (members.size !== right.length || right.some((id) => !members.has(id))) return false;
        }
      }
      for (const one of held) index.release(one);
      return index.size === 0;
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

t.test('equal selectors are one, however they are written, and go with whoever used them last', async (t) => {
  const index = new LabelIndex();
  index.label('x', { app: 'a' });
  const [one, other] = [index.select("app == 'a'"), index.select('(app=="a")')];
  t.equal(one, other);
  t.same([...one.members], ['x']);
  index.release(one);
  index.label('y', { app: 'a' });
  t.equal(other.members.size, 2, 'somebody uses it still');
  index.release(other);
  t.equal(index.size, 0);
  t.same(index.label('z', { app: 'a' }), { started: [], stopped: [] });
});

/** Selects, and counts how often any part of the selector is looked at. */
function countingIndex() {
  const index = new LabelIndex();
  const count = { asked: 0 };
  const watch = (selector: Selector): void => {
    if (selector.kind === 'and') for (const operand of selector.operands) watch(operand);
    if (!('label' in selector)) return;
    const { label } = selector;
    Object.defineProperty(selector, 'label', {
      get() {
        count.asked++;
        return label;
      },
    });
  };
  return { index, count, select: (text: string) => watch(index.select(text).selector) };
}

t.test('a changed label asks nobody who asks for other values of it, or for other labels', async (t) => {
  const { index, count, select } = countingIndex();
  for (let number = 0; number < 1000; number++) {
    select(`app == '${number}'`);
    select(`app != '${number}'`);
    select(`has(tier-${number})`);
  }
  index.label('x', { app: '1', team: 'a' });
  count.asked = 0;
  index.label('x', { app: '2', team: 'a' });
  t.ok(count.asked > 0 && count.asked < 20, `${count.asked} looks for the four that it turns`);
  t.ok(matchesSelector("app == '2'", { app: '2' }));
});

t.test('who asks for an application in one namespace is not asked about those in others', async (t) => {
  const { index, count, select } = countingIndex();
  for (let number = 0; number < 1000; number++) {
    select(`app == 'web' && namespace == 'n${number}'`);
    select(`namespace == 'n${number}' && app in {'web', 'db'}`);
  }
  index.label('x', { app: 'web', namespace: 'n5' });
  count.asked = 0;
  const { started, stopped } = index.label('x', { app: 'db', namespace: 'n5' });
  t.same([started.length, stopped.length], [0, 1]);
  t.ok(count.asked > 0 && count.asked < 100, `${count.asked} looks for the two of its namespace`);
});
