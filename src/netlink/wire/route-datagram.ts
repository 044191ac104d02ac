import { ParseError, reasonOf } from '../../base/index.ts';
import type { RouteChanges, RouteFailure } from '../kernel.ts';
import { FLAGS_AT, NLM_F_ACK, setSequence } from './message.ts';
import { encodeRouteTemplate, ROUTE_ADDRESS_AT, ROUTE_LENGTH_AT } from './route.ts';

/**
 * Many route requests in one datagram. Each way to route is encoded once, as a template; per route the template is
 * copied and its sequence number, prefix length and address are patched, so that a route costs some tens of nanoseconds
 * and no object.
 */
export const DATAGRAM_BYTES = 256 * 1024;

/** The templates of one set of changes, by verb and how, encoded on first use. */
export class RouteTemplates {
  readonly #changes: RouteChanges;
  readonly #byVerb: (Uint8Array | undefined)[][] = [];

  constructor(changes: RouteChanges) {
    this.#changes = changes;
  }

  /** Undefined for a `FibInfo` that can't be encoded; `reason` tells why. */
  get(verb: number, info: number): Uint8Array | undefined {
    const row = (this.#byVerb[verb] ??= []);
    const known = row[info];
    if (known !== undefined) return known;
    try {
      const template = encodeRouteTemplate(verb, this.#changes.family, this.#changes.infos[info]);
      if (template.length > DATAGRAM_BYTES) return undefined;
      row[info] = template;
      return template;
    } catch (error) {
      if (error instanceof ParseError || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  reason(verb: number, info: number): Omit<RouteFailure, 'entry'> {
    try {
      encodeRouteTemplate(verb, this.#changes.family, this.#changes.infos[info]);
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
export function fillDatagram(
  buffer: Uint8Array,
  changes: RouteChanges,
  from: number,
  until: number,
  sequence: number,
  templates: { get(verb: number, info: number): Uint8Array | undefined },
): { readonly bytes: number; readonly until: number } {
  const { addresses, lengths, verbs, infoIndex } = changes;
  const words = changes.family === 4 ? 1 : 4;
  let at = 0;
  let last = 0;
  let entry = from;
  for (; entry < until; entry++) {
    const template = templates.get(verbs[entry], infoIndex[entry]);
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
