import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { askNodes } from '../../src/cli/ask-nodes.ts';
import { MemoryStore } from '../../src/datastore/index.ts';

t.test('of many nodes, those that are asked last have as long to answer as the first', async (t) => {
  const clock = new VirtualClock();
  /** Each question takes the datastore 10 ms. */
  class SlowStore extends MemoryStore {
    override create: MemoryStore['create'] = (resource) => {
      clock.advance(10);
      return super.create(resource);
    };
  }
  const store = new SlowStore({ clock });
  const names = Array.from({ length: 500 }, (_, at) => `n${at}`);
  const asked = askNodes(names, { op: 'status' }, { store, clock, patience: 3000 });
  let isOver = false;
  void asked.finally(() => {
    isOver = true;
  });
  // Each answers at once when it hears of its question, a second later.
  for (let seconds = 0; !isOver; seconds++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (seconds > 1) {
      for (const one of (await store.list('CalicoNodeStatus')).items) {
        if (one.status === undefined) await store.update({ ...one, status: {} });
      }
    }
    clock.advance(1000);
  }
  t.equal((await asked).size, 500);
  t.same((await store.list('CalicoNodeStatus')).items, []);
});
