import fc from 'fast-check';
import t from 'tap';
import { LabelIndex, type Selection } from '../../src/calc/label-index.ts';
import { evaluate, type Labels, matchesSelector } from '../../src/model/index.ts';

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

t.test('a changed label asks nobody who asks for other values of it, or for other labels', async (t) => {
  const index = new LabelIndex();
  let asked = 0;
  const counting = (text: string): void => {
    const { selector } = index.select(text);
    const parts = selector as { label: string };
    const { label } = parts;
    Object.defineProperty(selector, 'label', {
      get() {
        asked++;
        return label;
      },
    });
  };
  for (let number = 0; number < 1000; number++) {
    counting(`app == '${number}'`);
    counting(`app != '${number}'`);
    counting(`has(tier-${number})`);
  }
  index.label('x', { app: '1', team: 'a' });
  asked = 0;
  index.label('x', { app: '2', team: 'a' });
  t.ok(asked > 0 && asked < 20, `${asked} looks for the four that it turns`);
  t.ok(matchesSelector("app == '2'", { app: '2' }));
});
