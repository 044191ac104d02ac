import { covers, type Family, parsePrefix, prefixWords } from '../../base/index.ts';
import type { FibInfo, Link } from '../../netlink/index.ts';
import { ROUTE_PROTOCOL } from './render.ts';

/** `RTPROT_KERNEL`, `RTPROT_BOOT`, `RTPROT_BIRD`. */
const KERNEL = 2;
const BOOT = 3;
const BIRD = 12;
/** Devices that Calico makes and leads its routes through. */
const CALICO_DEVICES = new Set(['tunl0', 'vxlan.calico', 'vxlan-v6.calico', 'wireguard.cali', 'wg-v6.cali']);
const NOWHERE = new Set(['blackhole', 'unreachable', 'prohibit']);

/**
 * `calico`: left by Calico. `others`: of somebody else, where pods have their addresses. `elsewhere`: anywhere else.
 * `none`: the kernel's own.
 */
export type RouteOwner = 'ours' | 'calico' | 'others' | 'elsewhere' | 'none';

interface Range {
  readonly words: Uint32Array;
  readonly length: number;
}

/**
 * Whose a route of the main table is. Ours has our protocol, which Felix's have too. Calico's others are known by protocol and
 * shape, as BIRD and Felix make them:
 *
 *     BLOCK via NODE dev eth0|tunl0 proto bird        blackhole BLOCK proto bird        within a pool
 *     POD dev caliX scope link [proto boot]                                             a host's route
 *     BLOCK via VTEP dev vxlan.calico onlink [proto boot]                               within a pool
 *
 * Whoever made them is taken to be gone. One that comes again after it was taken over has a living maker: it is the maker's
 * then, and nobody fights.
 */
export class RouteOwnership {
  /** How the names of pods' interfaces begin. */
  readonly #interfacePrefix: string;
  readonly #links: ReadonlyMap<number, Link>;
  #ranges: Readonly<Record<Family, readonly Range[]>> = { 4: [], 6: [] };
  #text = '';
  readonly #taken = new Set<string>();

  constructor(links: ReadonlyMap<number, Link> = new Map(), interfacePrefix = 'cali') {
    this.#links = links;
    this.#interfacePrefix = interfacePrefix;
  }

  /** Where pods have their addresses, as CIDRs. Whether that is another than before. */
  setRanges(cidrs: readonly string[]): boolean {
    const text = cidrs.toSorted().join(' ');
    if (text === this.#text) return false;
    this.#text = text;
    const parsed = cidrs.map((cidr) => parsePrefix(cidr));
    const of = (wanted: Family): readonly Range[] =>
      parsed
        .filter(({ family }) => family === wanted)
        .map((prefix) => ({ words: prefixWords(prefix), length: prefix.length }));
    this.#ranges = { 4: of(4), 6: of(6) };
    return true;
  }

  /** Whether pods have their addresses there: the prefix whose words begin at `at`. */
  isInside(family: Family, words: Uint32Array, at: number, length: number): boolean {
    return this.#ranges[family].some(
      (range) => length >= range.length && covers(range.words, 0, range.length, words, at),
    );
  }

  of(family: Family, info: FibInfo, words: Uint32Array, at: number, length: number): RouteOwner {
    // Neither ours nor Calico's are for one type of service alone.
    if (info.tos !== undefined) return this.isInside(family, words, at, length) ? 'others' : 'elsewhere';
    if (info.protocol === ROUTE_PROTOCOL) return 'ours';
    if (this.#isPods(family, info, length)) return this.#unlessAlive(family, info, words, at, length);
    if (!this.isInside(family, words, at, length)) return info.protocol === KERNEL ? 'none' : 'elsewhere';
    if (this.#isCalicos(info)) return this.#unlessAlive(family, info, words, at, length);
    return info.protocol === KERNEL && this.#throughOurs(info) ? 'none' : 'others';
  }

  /** It was Calico's, and is gone or ours now. */
  tookOver(family: Family, info: FibInfo, words: Uint32Array, at: number, length: number): void {
    this.#taken.add(name(family, info, words, at, length));
  }

  /** Whether the route was taken over before, and came again. */
  cameAgain(family: Family, info: FibInfo, words: Uint32Array, at: number, length: number): boolean {
    return this.#taken.size > 0 && this.#taken.has(name(family, info, words, at, length));
  }

  #unlessAlive(family: Family, info: FibInfo, words: Uint32Array, at: number, length: number): RouteOwner {
    return this.cameAgain(family, info, words, at, length) ? 'others' : 'calico';
  }

  /** Felix's route to a pod. */
  #isPods(family: Family, { kind, protocol, nextHops }: FibInfo, length: number): boolean {
    const [hop] = nextHops;
    if (kind !== 'unicast' || protocol !== BOOT || nextHops.length !== 1 || hop.via !== undefined) return false;
    return length === (family === 4 ? 32 : 128) && this.#nameOf(hop.dev).startsWith(this.#interfacePrefix);
  }

  #isCalicos({ kind, protocol, nextHops }: FibInfo): boolean {
    if (protocol === BIRD) return kind === 'unicast' || NOWHERE.has(kind);
    if (kind !== 'unicast' || protocol !== BOOT) return false;
    return (
      nextHops.length > 0 &&
      nextHops.every(({ dev, via }) => via !== undefined && CALICO_DEVICES.has(this.#nameOf(dev)))
    );
  }

  #throughOurs({ nextHops }: FibInfo): boolean {
    return nextHops.some(({ dev }) => {
      const device = this.#nameOf(dev);
      return CALICO_DEVICES.has(device) || device.startsWith(this.#interfacePrefix);
    });
  }

  #nameOf(dev: number | undefined): string {
    return this.#links.get(dev ?? 0)?.name ?? '';
  }
}

function name(family: Family, info: FibInfo, words: Uint32Array, at: number, length: number): string {
  const address = words.subarray(at, at + (family === 4 ? 1 : 4)).join('.');
  return `${address}/${length} ${info.protocol}`;
}
