import { type Clock, sleep } from '../../base/index.ts';
import type { KindName } from '../../model/index.ts';
import { DatastoreUnavailable, RevisionExpired } from '../errors.ts';
import { ABSENT, type StoreEvent } from '../store.ts';
import { withSilences } from '../stream.ts';
import type { KubeObject, KubernetesClient } from './client.ts';
import type { Heads } from './heads.ts';
import type { Collection } from './mapping.ts';
import { isUnknownKind, rejectUnknownKind } from './meaning.ts';

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

/** A connection that nobody answers is given up after this time, in milliseconds. */
const opening = 15_000;
/** A quiet watch asks this often whether its revision still is one of the server's past, in milliseconds. */
const doubt = 30_000;

/** It is looked for again this often, in milliseconds. */
const lookAgain = 600_000;

/** Where a watch begins. */
export interface From {
  readonly revision: string;
  /** Restorations that had been noticed when the revision was told. */
  readonly count: number;
}

/** Changes of one collection after `revision`; of one that is not there: its coming, as `RevisionExpired`. */
export async function* watchCollection<Kind extends KindName>(
  client: KubernetesClient,
  clock: Clock,
  collection: Collection<Kind>,
  from: From,
  heads: Heads,
  signal: AbortSignal,
): AsyncGenerator<StoreEvent<Kind>> {
  try {
    if (from.revision === ABSENT) yield* untilThere(client, clock, collection.path, signal);
    else yield* follow(client, clock, collection, from, heads, signal);
  } catch (error) {
    // It has gone since, or comes to a cluster that did without: the next listing tells.
    if (collection.isOptional && isUnknownKind(error)) throw new RevisionExpired(from.revision);
    rejectUnknownKind(error);
  }
}

async function* untilThere(
  client: KubernetesClient,
  clock: Clock,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<{ readonly type: 'bookmark'; readonly revision: string }> {
  while (!signal.aborted) {
    yield { type: 'bookmark', revision: ABSENT };
    await sleep(clock, lookAgain, signal).catch(() => {});
    if (signal.aborted) return;
    const isThere = await client.call({ method: 'GET', path, query: { limit: '1' } }).then(
      () => true,
      (error: unknown) => {
        if (isUnknownKind(error)) return false;
        throw error;
      },
    );
    if (isThere) throw new RevisionExpired(ABSENT);
  }
}

async function* follow<Kind extends KindName>(
  client: KubernetesClient,
  clock: Clock,
  collection: Collection<Kind>,
  { revision, count }: From,
  heads: Heads,
  signal: AbortSignal,
): AsyncGenerator<StoreEvent<Kind>> {
  let at = revision;
  await heads.begin(collection.path, at, count);
  while (!signal.aborted) {
    const began = clock.now();
    const timeoutSeconds = String(watchLasts + Math.floor(Math.random() * 30));
    const query = { watch: '1', allowWatchBookmarks: 'true', resourceVersion: at, timeoutSeconds };
    const giveUp = new AbortController();
    const progress = { isOpen: false, isSettled: false };
    const either = AbortSignal.any([signal, giveUp.signal]);
    const onOpen = (): void => {
      progress.isOpen = true;
    };
    const answers = client.stream<WatchAnswer>(collection.path, query, either, onOpen);
    const longest = Number(timeoutSeconds) * 1000 + grace;
    let heardAt = began;
    for await (const answer of withSilences(answers, clock, () => (progress.isSettled ? doubt : settling))) {
      if (signal.aborted) return;
      if (answer === undefined) {
        const silent = clock.now() - heardAt;
        if (silent >= (progress.isOpen ? longest : opening)) {
          giveUp.abort();
          throw new DatastoreUnavailable(`the API server has been silent for ${Math.round(silent / 1000)} s`);
        }
        if (progress.isSettled) await heads.goOn(at, count);
        if (progress.isSettled || !progress.isOpen) continue;
        // Nothing has changed, and the server is there: nobody has to wait for its first bookmark to know.
        progress.isSettled = true;
        yield { type: 'bookmark', revision: at };
        continue;
      }
      progress.isSettled = true;
      heardAt = clock.now();
      // Whatever went wrong inside a stream, the remedy is to list again.
      if (answer.type === 'ERROR') throw new RevisionExpired(at);
      at = answer.object.metadata.resourceVersion ?? at;
      heads.heard(collection.path, at);
      const event = eventOf(collection, answer, at);
      if (event !== undefined) yield event;
      if (signal.aborted) return;
    }
    if (signal.aborted) return;
    await heads.goOn(at, count);
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
