import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import type { Desired } from '../../src/calc/index.ts';
import { PolicyTimes } from '../../src/daemon/policy-times.ts';

t.test('a change of policy is timed from its news to the kernel, and no other is', async (t) => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  let settle = (): void => {};
  let failures: { what: string; reason: string }[] = [];
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const times = new PolicyTimes(clock, { settled, failures: () => failures }, (seconds) => seen.push(seconds));
  const [one, other] = [{}, {}].map((policy) => ({ policy }) as unknown as Pick<Desired, 'policy'>);
  times.heard();
  clock.advance(100);
  times.applied(one);
  clock.advance(150);
  settle();
  await settled;
  t.same(seen, [0.25]);
  times.heard();
  times.applied(one);
  await settled;
  t.equal(seen.length, 1, 'the same again');
  failures = [{ what: 'policy p', reason: 'no memory' }];
  times.applied(other);
  await settled;
  t.equal(seen.length, 1, 'what the kernel refuses was never there');
});
