import { type Address, containsAddress, parseAddress, prefix } from '../base/index.ts';
import { NftError } from './errors.ts';
import { PROTOCOLS } from './protocols.ts';
import type { Ruleset } from './ruleset.ts';
import { isIndexed, notIndexed } from './set-index.ts';

/** The fields of a packet that a rule asks for, and the values that it compares them with. */

/** A packet as a base chain sees it. */
export interface WalkedPacket {
  readonly iifname: string;
  readonly oifname: string;
  readonly source: Address;
  readonly destination: Address;
  /** IP protocol number. */
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly icmp?: { readonly type: number; readonly code: number } | undefined;
  readonly state: 'new' | 'established' | 'related' | 'invalid' | 'untracked';
  /** Its destination is another than it was sent to. */
  readonly isTranslated?: boolean | undefined;
}

/** A packet on its way, with what has been done to it by then. */
export interface Traveller {
  readonly packet: WalkedPacket;
  mark: number;
  isUntracked: boolean;
}

type Value = string | number | Address | readonly Value[];

export function valueIn(expression: unknown, traveller: Traveller): Value | undefined {
  const { packet, mark } = traveller;
  const [word, given] = Object.entries(expression as object)[0] as [string, never];
  switch (word) {
    case 'payload':
      return payloadOf(given, packet);
    case 'meta':
      return metaOf((given as { key: string }).key, packet, mark);
    case 'ct':
      return trackedOf((given as { key: string }).key, traveller);
    case 'concat': {
      const parts = (given as readonly unknown[]).map((part) => valueIn(part, traveller));
      return parts.includes(undefined) ? undefined : (parts as Value[]);
    }
    case '&': {
      const [of, mask] = given as readonly [unknown, number];
      return Number(BigInt(valueIn(of, traveller) as number) & BigInt(mask));
    }
    default:
      throw unread('expression', word);
  }
}

function trackedOf(key: string, { packet, isUntracked }: Traveller): Value | undefined {
  switch (key) {
    case 'state':
      return CONNECTION[isUntracked ? 'untracked' : packet.state];
    case 'status':
      return packet.isTranslated ? CONNECTION.dnat : 0;
    default:
      throw unread('ct', key);
  }
}

function metaOf(key: string, packet: WalkedPacket, mark: number): Value | undefined {
  switch (key) {
    case 'iifname':
      return packet.iifname;
    case 'oifname':
      return packet.oifname;
    case 'l4proto':
      return packet.protocol;
    case 'mark':
      return mark;
    default:
      throw unread('meta', key);
  }
}

/** States of a connection and bits of its status (linux/netfilter/nf_conntrack_common.h), as `nft -n` lists them. */
const CONNECTION: Readonly<Record<WalkedPacket['state'] | 'dnat', number>> = {
  invalid: 0x1,
  established: 0x2,
  related: 0x4,
  new: 0x8,
  untracked: 0x40,
  dnat: 0x20,
};

function payloadOf({ protocol, field }: { protocol: string; field: string }, packet: WalkedPacket): Value | undefined {
  const family = protocol === 'ip' ? 4 : protocol === 'ip6' ? 6 : undefined;
  if (family !== undefined) {
    if (packet.source.family !== family) return undefined;
    if (field === 'saddr') return packet.source;
    if (field === 'daddr') return packet.destination;
    throw unread('field', field);
  }
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    if (packet.protocol !== PROTOCOLS[protocol] || packet.icmp === undefined) return undefined;
    return field === 'type' ? packet.icmp.type : packet.icmp.code;
  }
  // nft leaves out what a field implies: the protocol of its ports.
  if (protocol !== 'th' && packet.protocol !== PROTOCOLS[protocol]) return undefined;
  if (field === 'sport') return packet.sourcePort;
  if (field === 'dport') return packet.destinationPort;
  throw unread('field', field);
}

/** Whether a value is the one that stands on the right, or in the set, range or network there. */
export function isIncluded(ruleset: Ruleset, value: Value, right: unknown): boolean {
  if (typeof right === 'string' && right.startsWith('@')) {
    const elements = ruleset.sets.get(right.slice(1));
    if (elements === undefined) throw unread('set', right);
    if (isIndexed(elements, value)) return true;
    return notIndexed(elements).some((element) => isIncluded(ruleset, value, element));
  }
  if (typeof right === 'object' && right !== null) {
    const [word, given] = Object.entries(right)[0] as [string, never];
    switch (word) {
      case 'set':
        return (given as readonly unknown[]).some((element) => isIncluded(ruleset, value, element));
      case 'range': {
        const [first, last] = given as readonly [number, number];
        return typeof value === 'number' && value >= first && value <= last;
      }
      case 'prefix': {
        const { addr, len } = given as { addr: string | number; len: number };
        // The highest bits of a mark are listed as a prefix of it.
        if (typeof addr === 'number') return typeof value === 'number' && highest(value, len) === highest(addr, len);
        return isAddress(value) && containsAddress(prefix(parseAddress(addr), len), value);
      }
      case 'concat':
        return (given as readonly unknown[]).every((part, at) =>
          isIncluded(ruleset, (value as readonly Value[])[at], part),
        );
      case 'elem':
        return isIncluded(ruleset, value, (given as { val: unknown }).val);
      default:
        throw unread('value', word);
    }
  }
  return isEqual(value, right);
}

/** Of 32 bits. */
function highest(number: number, bits: number): number {
  return Math.floor(number / 2 ** (32 - bits));
}

function isAddress(value: Value): value is Address {
  return typeof value === 'object' && 'family' in value;
}

function isEqual(value: Value, right: unknown): boolean {
  if (typeof value === 'number') return value === numberOf(right);
  if (typeof value === 'string') {
    const text = String(right);
    return text.endsWith('*') ? value.startsWith(text.slice(0, -1)) : value === text;
  }
  if (!isAddress(value)) throw unread('value', String(right));
  const address = parseAddress(String(right));
  return address.family === value.family && address.value === value.value;
}

function numberOf(right: unknown): number {
  if (typeof right === 'number') return right;
  const word = String(right);
  const number = PROTOCOLS[word] ?? (CONNECTION as Readonly<Record<string, number>>)[word] ?? Number(word);
  if (Number.isNaN(number)) throw unread('number', String(right));
  return number;
}

export function unread(what: string, word: string): NftError {
  return new NftError('NFT_UNREAD', `${what} ${JSON.stringify(word)}`, 'is not one that our tables use');
}
