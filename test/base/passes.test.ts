import t from 'tap';
import { Passes } from '../../src/base/index.ts';

/** Passes that go on only when they are told to. */
function gated(): { readonly passes: Passes; readonly begun: () => number; readonly end: (error?: Error) => void } {
  let begun = 0;
  let gate = Promise.withResolvers<void>();
  const passes = new Passes(() => {
    begun++;
    gate = Promise.withResolvers();
    return gate.promise;
  });
  const end = (error?: Error): void => (error === undefined ? gate.resolve() : gate.reject(error));
  return { passes, begun: () => begun, end };
}

/** Lets all that is ready happen. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

t.test('asked once, it is done once', async (t) => {
  const { passes, begun, end } = gated();
  const done = passes.run();
  t.equal(begun(), 1, 'at once');
  end();
  await done;
  t.equal(begun(), 1);
});

t.test('all who ask during a pass share one more, and wait for it', async (t) => {
  const { passes, begun, end } = gated();
  let waiting = 3;
  const asked = Array.from({ length: waiting }, () => passes.run().then(() => waiting--));
  t.equal(begun(), 1, 'never two at a time');
  end();
  await turn();
  t.equal(begun(), 2);
  t.equal(waiting, 3);
  end();
  await Promise.all(asked);
  t.equal(begun(), 2);
});

t.test('whoever asks at whatever moment of the end is not forgotten', async (t) => {
  for (let moment = 0; moment < 8; moment++) {
    const { passes, begun, end } = gated();
    void passes.run();
    end();
    for (let passed = 0; passed < moment; passed++) await undefined;
    const second = passes.run();
    await turn();
    t.equal(begun(), 2, `after ${moment} steps`);
    end();
    await second;
  }
});

t.test('a pass that fails is told to all who wait, and the next is another matter', async (t) => {
  const { passes, begun, end } = gated();
  const asked = [passes.run(), passes.run()];
  end(new Error('no'));
  for (const one of asked) await t.rejects(one, { message: 'no' });
  const next = passes.run();
  t.equal(begun(), 2);
  end();
  await next;
});
