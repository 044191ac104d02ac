import { type Family, ipv4Mask, parsePrefix, tryParseIpv4 } from '../../../base/index.ts';
import type { Origination } from '../../api.ts';
import { widened } from '../pool/columns.ts';
import { wordsOf } from '../pool/prefix-words.ts';

/** Prefixes of declared routes as columns: entry `i` is that of route `i`. A wrong text throws `ParseError`. */
export class OriginatedPrefixes {
  readonly families: Uint8Array;
  readonly lengths: Uint8Array;
  /** The IPv4 address, or where in `words6` the four words of the IPv6 address begin. */
  readonly addresses: Uint32Array;
  words6 = new Uint32Array(0);

  constructor(routes: readonly Origination[]) {
    this.families = new Uint8Array(routes.length);
    this.lengths = new Uint8Array(routes.length);
    this.addresses = new Uint32Array(routes.length);
    let used6 = 0;
    for (let at = 0; at < routes.length; at++) {
      const text = routes[at].prefix;
      if (this.#readIpv4(at, text)) continue;
      const prefix = parsePrefix(text, `routes[${at}].prefix`);
      this.families[at] = prefix.family;
      this.lengths[at] = prefix.length;
      const words = wordsOf(prefix);
      this.addresses[at] = prefix.family === 4 ? words[0] : used6;
      if (prefix.family === 4) continue;
      this.words6 = widened(this.words6, used6 + 4);
      this.words6.set(words, used6);
      used6 += 4;
    }
  }

  family(at: number): Family {
    return this.families[at] as Family;
  }

  /** Most texts are plain IPv4: that is read without big numbers. False leaves it to others to judge. */
  #readIpv4(at: number, text: string): boolean {
    const slash = text.indexOf('/');
    const address = slash < 0 ? undefined : tryParseIpv4(text.slice(0, slash));
    if (address === undefined) return false;
    const length = decimal(text, slash + 1);
    if (length < 0 || length > 32 || (address & ~ipv4Mask(length)) !== 0) return false;
    this.families[at] = 4;
    this.addresses[at] = address;
    this.lengths[at] = length;
    return true;
  }
}

/** One or two digits at the end of the text, without a leading zero; else -1. */
function decimal(text: string, at: number): number {
  const first = text.charCodeAt(at) - 48;
  const second = text.charCodeAt(at + 1) - 48;
  if (text.length === at + 1) return first >= 0 && first <= 9 ? first : -1;
  const two = text.length === at + 2 && first >= 1 && first <= 9 && second >= 0 && second <= 9;
  return two ? first * 10 + second : -1;
}
