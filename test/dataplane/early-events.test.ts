import t from 'tap';
import { EarlyEvents } from '../../src/dataplane/early-events.ts';
import type { KernelEvent } from '../../src/netlink/index.ts';

t.test('what is told early waits, in its order, and what comes after does not', async (t) => {
  const early = new EarlyEvents();
  const told: readonly KernelEvent[] = [{ kind: 'queueing', dev: 'eth0' }, { kind: 'resync' }];
  for (const event of told) t.ok(early.hold(event));
  const heard: KernelEvent[] = [];
  early.release((event) => heard.push(event));
  t.same(heard, told);
  t.notOk(early.hold({ kind: 'resync' }));
  early.release(() => t.fail('told twice'));
});

t.test('a flood becomes one look at everything', async (t) => {
  const early = new EarlyEvents();
  for (let event = 0; event < 25_000; event++) early.hold({ kind: 'resync' });
  let heard = 0;
  early.release(() => heard++);
  t.ok(heard > 0 && heard <= 10_000);
});
