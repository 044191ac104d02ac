import type { KindName } from '../../model/index.ts';
import type { StoreEvent } from '../store.ts';

/** The events of several watches; a revision is that of all of them. */
export async function* together<Kind extends KindName>(
  watches: readonly AsyncGenerator<StoreEvent<Kind>>[],
  from: readonly string[],
): AsyncGenerator<StoreEvent<Kind>> {
  const revisions = [...from];
  const next = watches.map(pull);
  for (;;) {
    const { at, result } = await Promise.race(next);
    if (result.done) return;
    next[at] = pull(watches[at], at);
    revisions[at] = result.value.revision;
    yield { ...result.value, revision: revisions.join('/') };
  }
}

async function pull<Value>(watch: AsyncGenerator<Value>, at: number) {
  return { at, result: await watch.next() };
}
