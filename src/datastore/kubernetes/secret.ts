import { type Clock, sleep } from '../../base/index.ts';
import type { SecretData } from '../store.ts';
import type { KubeObject, KubernetesClient } from './client.ts';

/** A watch ends after this many seconds, and the next begins: so a dead one is noticed. */
const LASTS = 240;
/** And a server that doesn't end it is gone after so many milliseconds more. */
const GRACE = 15_000;

interface SecretObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>> | null;
}

interface ListAnswer {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly SecretObject[];
}

interface WatchAnswer {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: SecretObject;
}

/**
 * Yields the contents of a Secret, now and whenever it changes, until `signal` aborts. It alone is asked for, by name,
 * so that a role that names it suffices. Ends by throwing where the server doesn't answer, or doesn't allow it.
 */
export async function* watchSecret(
  client: KubernetesClient,
  clock: Clock,
  place: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): AsyncGenerator<SecretData | undefined> {
  const path = `/api/v1/namespaces/${place.namespace}/secrets`;
  const fieldSelector = `metadata.name=${place.name}`;
  while (!signal.aborted) {
    const { metadata, items } = await client.call<ListAnswer>({ method: 'GET', path, query: { fieldSelector } });
    yield dataOf(items[0]);
    const silent = new AbortController();
    const cancel = clock.after(LASTS * 1000 + GRACE, () => silent.abort());
    const query = {
      ...{ watch: '1', fieldSelector, resourceVersion: metadata.resourceVersion },
      ...{ allowWatchBookmarks: 'true', timeoutSeconds: String(LASTS) },
    };
    const began = clock.now();
    try {
      const either = AbortSignal.any([signal, silent.signal]);
      for await (const { type, object } of client.stream<WatchAnswer>(path, query, either, () => {})) {
        if (type === 'ERROR') break;
        if (type !== 'BOOKMARK') yield dataOf(type === 'DELETED' ? undefined : object);
      }
    } finally {
      cancel();
    }
    if (clock.now() - began < 1000) await sleep(clock, 1000, signal).catch(() => {});
  }
}

/** By key, in octets, since a password may be any. */
function dataOf(secret: SecretObject | undefined): SecretData | undefined {
  if (secret === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64').toString('utf8')]),
  );
}
