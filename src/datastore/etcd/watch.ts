import type { Clock } from '../../base/index.ts';
import type { KindName } from '../../model/index.ts';
import { DatastoreCorrupt, DatastoreUnavailable, RevisionExpired } from '../errors.ts';
import type { StoreEvent } from '../store.ts';
import { withSilences } from '../stream.ts';
import type { EtcdClient } from './client.ts';
import { decode, type KeyValue, toBase64 } from './codec.ts';
import { rangeOf } from './layout.ts';

interface WatchAnswer {
  readonly error?: { readonly message?: string; readonly code?: number };
  readonly result?: {
    readonly header?: { readonly revision?: string };
    readonly created?: boolean;
    readonly canceled?: boolean;
    readonly cancel_reason?: string;
    readonly compact_revision?: string;
    readonly events?: readonly WatchEvent[];
  };
}

interface WatchEvent {
  /** Absent: PUT. */
  readonly type?: 'DELETE';
  readonly kv: KeyValue;
  readonly prev_kv?: KeyValue;
}

/** A watch that has been silent for this long asks whether etcd is there, in milliseconds. */
const silence = 10_000;

/** Changes of one kind after `revision`, from etcd's own watch. */
export async function* watchKind<Kind extends KindName>(
  client: EtcdClient,
  clock: Clock,
  kind: Kind,
  revision: string,
  signal: AbortSignal,
  /** Asks something that a member can only answer while it has a quorum. */
  probe: () => Promise<void>,
): AsyncGenerator<StoreEvent<Kind>> {
  if (signal.aborted) return;
  let at = revision;
  const { from, to } = rangeOf(kind);
  const request = {
    key: toBase64(from),
    range_end: toBase64(to),
    start_revision: String(BigInt(revision) + 1n),
    prev_kv: true,
    progress_notify: true,
  };
  const answers = client.stream<WatchAnswer>('/v3/watch', { create_request: request }, signal);
  try {
    for await (const answer of withSilences(answers, clock, () => silence)) {
      if (signal.aborted) return;
      if (answer === undefined) {
        await probe();
        yield { type: 'bookmark', revision: at };
        continue;
      }
      for (const event of eventsOf(client, kind, answer, at)) {
        at = event.revision;
        yield event;
        if (signal.aborted) return;
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function* eventsOf<Kind extends KindName>(
  client: EtcdClient,
  kind: Kind,
  { error, result }: WatchAnswer,
  at: string,
): Generator<StoreEvent<Kind>> {
  if (error !== undefined) throw client.failureOf(error);
  if (result?.compact_revision !== undefined) throw new RevisionExpired(at);
  if (result?.canceled)
    throw new DatastoreUnavailable(`etcd has ended the watch: ${result.cancel_reason ?? 'no reason'}`);
  const head = result?.header?.revision;
  // An etcd that is younger than what we know has been restored from a backup.
  if (result?.created && head !== undefined && BigInt(head) < BigInt(at)) throw new RevisionExpired(at);
  const events = result?.events ?? [];
  if (events.length === 0 && !result?.created && head !== undefined) yield { type: 'bookmark', revision: head };
  for (const [index, event] of events.entries()) {
    const resource = resourceOf(kind, event);
    if (resource === undefined) continue;
    const number = event.kv.mod_revision ?? at;
    const created = event.kv.create_revision === event.kv.mod_revision;
    const type = event.type === 'DELETE' ? 'deleted' : created ? 'added' : 'modified';
    // Whoever goes on from an event in the middle of a transaction must get the rest of it.
    const more = events[index + 1]?.kv.mod_revision === number;
    yield { type, resource, revision: more ? String(BigInt(number) - 1n) : number };
  }
}

/** A value that can't be read is one object's misfortune, not the watch's. */
function resourceOf<Kind extends KindName>(kind: Kind, { type, kv, prev_kv }: WatchEvent) {
  try {
    if (type !== 'DELETE') return decode(kind, kv);
    return prev_kv && decode(kind, { ...prev_kv, mod_revision: kv.mod_revision ?? '' });
  } catch (error) {
    if (error instanceof DatastoreCorrupt) return undefined;
    throw error;
  }
}
