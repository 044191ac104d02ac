import type { ByteReader } from '../../base/index.ts';
import type { FibInfo, RouteColumns, RouteFilter } from '../kernel.ts';
import { decodeRoute, RTA_DST } from './route.ts';

const LENGTH_AT = 1;
const RTMSG_LENGTH = 12;
/** Distinct bodies remembered; IPv6 bodies may hold counters that make each its own. */
const MOST_TEMPLATES = 4096;
/** Stands for bodies that are not what the filter asks for. */
const UNWANTED = -1;

/** A body with its length and address blanked out, and what it means. */
interface Template {
  readonly bytes: Uint8Array;
  readonly info: number;
}

/**
 * Gathers the messages of a route dump into columns. Thousands of routes differ in destination alone: the rest of a
 * body is compared with bodies read before, and only a new one is decoded.
 */
export class RouteColumnsReader {
  readonly #filter: RouteFilter;
  readonly #words: number;
  readonly #templates = new Map<number, Template[]>();
  #templateCount = 0;
  readonly #infos: FibInfo[] = [];
  readonly #infoByText = new Map<string, number>();
  #count = 0;
  #addresses: Uint32Array;
  #lengths: Uint8Array;
  #infoIndex: Uint32Array;

  constructor(filter: RouteFilter, expected = 1024) {
    this.#filter = filter;
    this.#words = filter.family === 4 ? 1 : 4;
    this.#addresses = new Uint32Array(expected * this.#words);
    this.#lengths = new Uint8Array(expected);
    this.#infoIndex = new Uint32Array(expected);
  }

  /** Reads one RTM_NEWROUTE; malformed ones throw as `decodeRoute` does. */
  add(body: ByteReader): undefined {
    const { bytes, at, end } = body;
    const address = this.#destination(bytes, at, end);
    const info = this.#info(body, address);
    if (info === UNWANTED) return;
    if (this.#count === this.#lengths.length) this.#grow();
    const entry = this.#count++;
    this.#lengths[entry] = bytes[at + LENGTH_AT];
    this.#infoIndex[entry] = info;
    for (let word = 0; word < this.#words; word++) {
      const from = address + word * 4;
      const value =
        address < 0 ? 0 : (bytes[from] << 24) | (bytes[from + 1] << 16) | (bytes[from + 2] << 8) | bytes[from + 3];
      this.#addresses[entry * this.#words + word] = value;
    }
  }

  finish(): RouteColumns {
    return {
      family: this.#filter.family,
      count: this.#count,
      addresses: this.#addresses,
      lengths: this.#lengths,
      infoIndex: this.#infoIndex,
      infos: this.#infos,
    };
  }

  /** Where the address begins; −1 for a default route, which has none, and for what only `decodeRoute` can refuse. */
  #destination(bytes: Uint8Array, from: number, end: number): number {
    for (let at = from + RTMSG_LENGTH; at + 4 <= end; ) {
      const length = bytes[at] | (bytes[at + 1] << 8);
      if (length < 4 || at + length > end) return -1;
      if ((bytes[at + 2] | (bytes[at + 3] << 8)) === RTA_DST) return length === 4 + this.#words * 4 ? at + 4 : -1;
      at += (length + 3) & ~3;
    }
    return -1;
  }

  #info(body: ByteReader, address: number): number {
    const { bytes, at, end } = body;
    const blank = address < 0 ? end : address;
    const resume = address < 0 ? end : address + this.#words * 4;
    let hash = end - at;
    for (let index = at; index < end; index++) {
      if (index === blank) index = resume;
      if (index < end && index !== at + LENGTH_AT) hash = (Math.imul(hash, 31) + bytes[index]) | 0;
    }
    const known = this.#templates.get(hash)?.find((template) => isSame(template.bytes, bytes, at, end, blank, resume));
    if (known !== undefined) return known.info;
    const info = this.#decode(body);
    if (this.#templateCount++ < MOST_TEMPLATES) {
      const template: Template = { bytes: bytes.slice(at, end), info };
      this.#templates.set(hash, [...(this.#templates.get(hash) ?? []), template]);
    }
    return info;
  }

  #decode(body: ByteReader): number {
    const route = decodeRoute(body);
    const { family, table = 254, protocol } = this.#filter;
    if (route === undefined || route.family !== family || route.table !== table) return UNWANTED;
    if (protocol !== undefined && route.protocol !== protocol) return UNWANTED;
    const { family: _, destination: __, ...info } = route;
    const text = JSON.stringify(info);
    const known = this.#infoByText.get(text);
    if (known !== undefined) return known;
    this.#infoByText.set(text, this.#infos.length);
    return this.#infos.push(Object.freeze(info)) - 1;
  }

  #grow(): void {
    const capacity = this.#lengths.length * 2;
    const grown = <T extends Uint8Array | Uint32Array>(column: T, into: T): T => {
      into.set(column);
      return into;
    };
    this.#addresses = grown(this.#addresses, new Uint32Array(capacity * this.#words));
    this.#lengths = grown(this.#lengths, new Uint8Array(capacity));
    this.#infoIndex = grown(this.#infoIndex, new Uint32Array(capacity));
  }
}

/** Whether the body equals the template but for the prefix length and the address from `blank` to `resume`. */
function isSame(
  template: Uint8Array,
  bytes: Uint8Array,
  at: number,
  end: number,
  blank: number,
  resume: number,
): boolean {
  if (template.length !== end - at) return false;
  for (let index = at; index < end; index++) {
    if (index === blank) index = resume;
    if (index < end && index !== at + LENGTH_AT && template[index - at] !== bytes[index]) return false;
  }
  return true;
}
