import { ParseError, reasonOf } from '../base/index.ts';
import type { NetlinkClient } from './client.ts';
import { ROUTE_DELETE, type RouteChanges, type RouteFailure } from './kernel.ts';
import type { Acknowledgement } from './wire/acknowledgement.ts';
import { errnoMeaning, errnoName, errnoNumber } from './wire/errno.ts';
import { FLAGS_AT, NLM_F_ACK, setSequence } from './wire/message.ts';
import { encodeRouteTemplate, ROUTE_ADDRESS_AT, ROUTE_LENGTH_AT } from './wire/route.ts';

/** Requests in one datagram. More gain nothing and hold the event loop for longer than 2 ms. */
const BATCH = 500;
const BATCH_BYTES = 128 * 1024;
const ESRCH = errnoNumber('ESRCH');

/**
 * Writes route changes in batches: `BATCH` requests to a system call, an acknowledgement asked for only by the last.
 * Each way to route is encoded once, as a template; per route the template is copied and its sequence number, prefix
 * length and address are patched, so that a route costs some tens of nanoseconds and no object. Between batches the
 * event loop turns: keepalives are never late because of a full table.
 */
export class RouteBatch {
  readonly #client: NetlinkClient;
  readonly #buffer = new Uint8Array(BATCH_BYTES);
  #turn: Promise<unknown> = Promise.resolve();

  constructor(client: NetlinkClient) {
    this.#client = client;
  }

  /** Calls queue up behind each other: the buffer is one, and order is kept. */
  apply(changes: RouteChanges): Promise<readonly RouteFailure[]> {
    const turn = this.#turn.then(() => this.#apply(changes));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #apply(changes: RouteChanges): Promise<readonly RouteFailure[]> {
    const failures: RouteFailure[] = [];
    const templates = new Templates(changes);
    for (let from = 0; from < changes.count; ) {
      const start = from;
      const until = Math.min(changes.count, from + BATCH);
      const batch = fill(this.#buffer, changes, from, until, this.#client.upcoming(BATCH), templates);
      if (batch.until === from) {
        failures.push({ entry: from, ...templates.reason(changes.verbs[from], changes.howIndex[from]) });
        from++;
        continue;
      }
      await this.#client.sendBatch(this.#buffer.subarray(0, batch.bytes), batch.until - from, (entry, answer) => {
        const failure = failureOf(changes, start + entry, answer);
        if (failure !== undefined) failures.push(failure);
      });
      from = batch.until;
    }
    return failures;
  }
}

function failureOf(changes: RouteChanges, entry: number, { errno, words }: Acknowledgement): RouteFailure | undefined {
  if (errno === ESRCH && changes.verbs[entry] === ROUTE_DELETE) return undefined;
  return { entry, code: errnoName(errno), reason: words ?? errnoMeaning(errno) };
}

/** The templates of one set of changes, by verb and how, encoded on first use. */
class Templates {
  readonly #changes: RouteChanges;
  readonly #byVerb: (Uint8Array | undefined)[][] = [];

  constructor(changes: RouteChanges) {
    this.#changes = changes;
  }

  /** Undefined for a how that can't be encoded; `reason` tells why. */
  get(verb: number, how: number): Uint8Array | undefined {
    const row = (this.#byVerb[verb] ??= []);
    const known = row[how];
    if (known !== undefined) return known;
    try {
      const template = encodeRouteTemplate(verb, this.#changes.family, this.#changes.hows[how]);
      if (template.length > BATCH_BYTES) return undefined;
      row[how] = template;
      return template;
    } catch (error) {
      if (error instanceof ParseError || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  reason(verb: number, how: number): Omit<RouteFailure, 'entry'> {
    try {
      encodeRouteTemplate(verb, this.#changes.family, this.#changes.hows[how]);
      return { code: 'EMSGSIZE', reason: 'more next hops than a message can hold' };
    } catch (error) {
      return { code: 'EINVAL', reason: reasonOf(error) };
    }
  }
}

/**
 * Encodes entries from `from` on, up to `until`, to one that has no template, or until the buffer is full; returns where
 * it stopped.
 */
export function fill(
  buffer: Uint8Array,
  changes: RouteChanges,
  from: number,
  until: number,
  sequence: number,
  templates: { get(verb: number, how: number): Uint8Array | undefined },
): { readonly bytes: number; readonly until: number } {
  const { addresses, lengths, verbs, howIndex } = changes;
  const words = changes.family === 4 ? 1 : 4;
  let at = 0;
  let last = 0;
  let entry = from;
  for (; entry < until; entry++) {
    const template = templates.get(verbs[entry], howIndex[entry]);
    if (template === undefined || at + template.length > buffer.length) break;
    const size = template.length;
    for (let byte = 0; byte < size; byte++) buffer[at + byte] = template[byte];
    setSequence(buffer, sequence + entry - from, at);
    buffer[at + ROUTE_LENGTH_AT] = lengths[entry];
    let into = at + ROUTE_ADDRESS_AT;
    for (let word = entry * words; word < entry * words + words; word++) {
      const value = addresses[word];
      buffer[into++] = value >>> 24;
      buffer[into++] = value >>> 16;
      buffer[into++] = value >>> 8;
      buffer[into++] = value;
    }
    last = at;
    at += size;
  }
  buffer[last + FLAGS_AT] |= NLM_F_ACK;
  return { bytes: at, until: entry };
}
