import { addressFromBytes, formatAddress } from '../base/index.ts';
import type { DumpedElement, DumpedSet, ElementVerdict, TableDump } from '../netlink/index.ts';
import type { ListedMap, ListedSet, TableListing } from './listing.ts';
import type { MapElement } from './objects.ts';
import { type SetType, typesOf } from './set-types.ts';

/**
 * What the kernel has, in the words in which nft would list it. Undefined where there is a set of which only nft knows how
 * it is said.
 */
export function listingOf({ chains, rules, sets }: TableDump): TableListing | undefined {
  const [plain, maps]: [ListedSet[], ListedMap[]] = [[], []];
  for (const { elements, ...set } of sets) {
    const types = typesOf(set.type);
    if (types === undefined || !isKnown(set, types)) return undefined;
    const { set: name } = set;
    const type = types.map((one) => one.name).join(' . ');
    const isInterval = (set.flags & NFT_SET_INTERVAL) !== 0;
    if (set.dataType === undefined) {
      const texts = isInterval ? intervals(types[0], elements) : elements.map(({ key }) => keyText(types, key));
      plain.push({ name, type, flags: isInterval ? ['interval'] : [], elements: texts });
    } else {
      const entries = elements.map(({ key, verdict }): MapElement | undefined => {
        return verdict && { key: keyText(types, key), value: verdictText(verdict) };
      });
      if (!entries.every((entry) => entry !== undefined)) return undefined;
      maps.push({ name, type, value: 'verdict', entries });
    }
  }
  return { chains: chains.map(({ chain, base }) => ({ name: chain, ...base })), sets: plain, maps, rules };
}

const NFT_SET_INTERVAL = 4;
const NFT_SET_MAP = 8;
const NFT_DATA_VERDICT = 0xffffff00;

/** Maps of other values, sets that packets fill, and intervals of several parts are nft's business. */
function isKnown({ flags, dataType }: DumpedSet, types: readonly SetType[]): boolean {
  if (flags === NFT_SET_MAP) return dataType === NFT_DATA_VERDICT;
  if (dataType !== undefined) return false;
  return flags === 0 || (flags === NFT_SET_INTERVAL && types.length === 1);
}

function verdictText(given: ElementVerdict): string {
  return 'chain' in given ? `${given.verdict} ${given.chain}` : given.verdict;
}

/** Parts of a concatenation begin at multiples of four octets. */
function keyText(types: readonly SetType[], key: Uint8Array): string {
  let at = 0;
  const texts = types.map(({ name, octets }) => {
    const part = key.subarray(at, at + octets);
    at += (octets + 3) & ~3;
    return partText(name, part);
  });
  return texts.join(' . ');
}

function partText(type: string, octets: Uint8Array): string {
  if (type === 'ipv4_addr' || type === 'ipv6_addr') return formatAddress(addressFromBytes(octets));
  if (type === 'ifname') {
    const end = octets.indexOf(0);
    return new TextDecoder().decode(end < 0 ? octets : octets.subarray(0, end));
  }
  return String(numberOf(octets));
}

function numberOf(octets: Uint8Array): bigint {
  return octets.reduce((all, octet) => (all << 8n) | BigInt(octet), 0n);
}

/**
 * The kernel tells of where each interval begins and where it has ended, in its own order. The last may have no end; an end
 * in front of all is nft's note that there is nothing below the first.
 */
function intervals(type: SetType, elements: readonly DumpedElement[]): readonly string[] {
  const edges = elements
    .map(({ key, isEnd }) => ({ at: numberOf(key), isEnd }))
    .sort((a, b) => (a.at === b.at ? Number(b.isEnd) - Number(a.isEnd) : a.at < b.at ? -1 : 1));
  const texts: string[] = [];
  for (const [index, { at, isEnd }] of edges.entries()) {
    if (isEnd) continue;
    const end = edges[index + 1];
    texts.push(intervalText(type, at, end === undefined ? largest(type) : end.at - 1n));
  }
  return texts;
}

function largest({ octets }: SetType): bigint {
  return (1n << BigInt(8 * octets)) - 1n;
}

/** As a network where it is one, as nft says addresses, and ports never. */
function intervalText(type: SetType, first: bigint, last: bigint): string {
  const { name, octets } = type;
  const text = (value: bigint): string => partText(name, octetsOf(value, octets));
  if (first === last) return text(first);
  const size = last - first + 1n;
  const isNetwork = name !== 'inet_service' && (size & (size - 1n)) === 0n && first % size === 0n;
  if (!isNetwork) return `${text(first)}-${text(last)}`;
  return `${text(first)}/${8 * octets - (size.toString(2).length - 1)}`;
}

function octetsOf(value: bigint, octets: number): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, at) => Number((value >> BigInt(8 * (octets - 1 - at))) & 255n));
}
