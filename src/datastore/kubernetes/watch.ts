import { type Clock, sleep } from '../../base/index.ts';
import type { KindName } from '../../model/index.ts';
import { DatastoreUnavailable, RevisionExpired } from '../errors.ts';
import type { StoreEvent } from '../store.ts';
import { withSilences } from '../stream.ts';
import type { KubeObject, KubernetesClient } from './client.ts';
import type { Collection } from './mapping.ts';

interface WatchAnswer {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

const types = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;

/** After this many seconds the server ends a watch, and we begin the next: so a dead one is noticed. */
const watchLasts = 60;
/** A server that neither says anything nor ends the watch for this much longer is gone, in milliseconds. */
const grace = 15_000;

/** A watch that has begun and isn't told within this time that its revision is gone is a good one, in milliseconds. */
const settling = 1000;

/** Changes of one collection after `revision`. */
export async function* watchCollection<Kind extends KindName>(
  client: KubernetesClient,
  clock: Clock,
  collection: Collection<Kind>,
  revision: string,
  signal: AbortSignal,
): AsyncGenerator<StoreEvent<Kind>> {
  let at = revision;
  while (!signal.aborted) {
    const began = clock.now();
    const timeoutSeconds = String(watchLasts + Math.floor(Math.random() * 30));
    const query = { watch: '1', allowWatchBookmarks: 'true', resourceVersion: at, timeoutSeconds };
    const giveUp = new AbortController();
    let state: 'opening' | 'open' | 'settled' = 'opening';
    const either = AbortSignal.any([signal, giveUp.signal]);
    const onOpen = (): void => {
      state = 'open';
    };
    const answers = client.stream<WatchAnswer>(collection.path, query, either, onOpen);
    const patience = Number(timeoutSeconds) * 1000 + grace;
    for await (const answer of withSilences(answers, clock, () => (state === 'settled' ? patience : settling))) {
      if (signal.aborted) return;
      if (answer === undefined && state !== 'settled' && clock.now() - began < patience) {
        if (state === 'opening') continue;
        // Nothing has changed, and the server is there: nobody has to wait for its first bookmark to know.
        state = 'settled';
        yield { type: 'bookmark', revision: at };
        continue;
      }
      if (answer === undefined) {
        giveUp.abort();
        throw new DatastoreUnavailable(`the API server has been silent for ${patience / 1000} s`);
      }
      state = 'settled';
      // Whatever went wrong inside a stream, the remedy is to list again.
      if (answer.type === 'ERROR') throw new RevisionExpired(at);
      at = answer.object.metadata.resourceVersion ?? at;
      const event = eventOf(collection, answer, at);
      if (event !== undefined) yield event;
      if (signal.aborted) return;
    }
    if (signal.aborted) return;
    // The server answered and ended it in order: that is a sign of life.
    yield { type: 'bookmark', revision: at };
    if (clock.now() - began < 1000) await sleep(clock, 1000, signal).catch(() => {});
  }
}

function eventOf<Kind extends KindName>(
  collection: Collection<Kind>,
  { type, object }: WatchAnswer,
  revision: string,
): StoreEvent<Kind> | undefined {
  if (type === 'BOOKMARK' || type === 'ERROR') return { type: 'bookmark', revision };
  const resource = collection.decode(object);
  return resource === undefined ? undefined : { type: types[type], resource, revision };
}
