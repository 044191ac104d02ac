import t from 'tap';
import { KernelError } from '../../src/netlink/errors.ts';
import { LinkRemovals } from '../../src/netlink/link-removals.ts';

/** Removals of a kernel that answers when it is told to, and what it was asked. */
function start(): { removals: LinkRemovals; asked: string[]; answer: (code?: string) => Promise<void> } {
  const asked: string[] = [];
  const waiting: ((code: string | undefined) => void)[] = [];
  const request =
    (kind: string) =>
    (_message: Uint8Array, what: string): Promise<void> => {
      asked.push(`${kind} ${what.replace(/\d{4,}/, 'N')}`);
      return new Promise((resolve, reject) => {
        waiting.push((code) => (code === undefined ? resolve() : reject(new KernelError(code, what, 'refused'))));
      });
    };
  const client = { request: request('quick') };
  const patient = { request: request('patient') };
  return {
    removals: new LinkRemovals({ client, patient: () => patient }),
    asked,
    answer: async (code) => {
      waiting.shift()?.(code);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** What becomes of each. */
function remove(removals: LinkRemovals, names: readonly string[]): Promise<PromiseSettledResult<void>[]> {
  return Promise.allSettled(names.map((name, index) => removals.remove(index, name)));
}

t.test('one goes by itself; those that come meanwhile go together', async (t) => {
  const { removals, asked, answer } = start();
  const all = remove(removals, ['a', 'b', 'c', 'd']);
  t.same(asked.splice(0), ['patient a']);
  await answer();
  t.same(asked.splice(0), ['quick b'], 'they join the group one after another');
  await answer();
  await answer('ENODEV');
  await answer();
  t.same(asked.splice(0), ['quick c', 'quick d', 'patient link delete group N']);
  await answer();
  t.same(
    (await all).map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  t.same(asked, []);
});

t.test('a group that is refused leaves nobody in it, and each is tried by itself', async (t) => {
  const { removals, asked, answer } = start();
  const all = remove(removals, ['a', 'b', 'lo']);
  for (const code of [undefined, undefined, undefined, 'EOPNOTSUPP']) await answer(code);
  asked.splice(0);
  for (const code of [undefined, undefined, undefined, 'EOPNOTSUPP']) await answer(code);
  t.same(asked, ['patient b', 'quick lo', 'patient lo']);
  const [, , lo] = await all;
  t.match(lo, { status: 'rejected', reason: { code: 'EOPNOTSUPP' } });
});

t.test('when all have gone before they could join, there is nothing to ask', async (t) => {
  const { removals, asked, answer } = start();
  const all = remove(removals, ['a', 'b', 'c']);
  for (const code of [undefined, 'ENODEV', 'ENODEV']) await answer(code);
  t.same(asked, ['patient a', 'quick b', 'quick c']);
  t.same(
    (await all).map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected'],
  );
  void removals.remove(4, 'd');
  t.equal(asked.at(-1), 'patient d', 'it is ready for the next');
});
