import { formatAddress, tryParseAddress } from '../base/index.ts';
import { type BGPConfiguration, type BGPPeer, type IPPool, parseSelector } from '../model/index.ts';
import type { DesiredBgp, PeerLimits } from './desired/index.ts';
import { seconds } from './duration.ts';

/** The prefix of annotations for settings that Calico's resources have no fields for. */
export const EXTENSION = 'vrouter.projectcalico.org/';

/** The settings in the annotations of a BGPPeer. */
export interface PeerExtensions extends PeerLimits {
  /** Names of the links that it is about: where `peerIP` is on, or else where somebody is at the other end. */
  readonly interfaces?: readonly string[];
  /** As the field of that name, which Calico's own definition does not have. */
  readonly failureDetectionMode?: (typeof MODES)[number];
}

/** The settings that were read; and sentences about those that could not be, and about unknown annotations. */
export interface ReadExtensions<T> {
  readonly value: T;
  readonly unread: readonly string[];
  readonly unknown: readonly string[];
}

const MODES = ['None', 'BFDIfDirectlyConnected', 'BFD'] as const;
const ROLES = ['provider', 'rs', 'rs-client', 'customer', 'peer'] as const;
const PATHS = ['none', 'send', 'receive', 'both'] as const;
const VERDICTS = ['Accept', 'Reject'] as const;
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };
/** A petabit a second. */
const MOST_BANDWIDTH = 1e15;
const FAMILIES = { ipv4: 4, ipv6: 6 } as const;

/** By field, what counts where it can't be read, and how that is said. */
type Fallbacks<T> = { readonly [Field in keyof T]?: { readonly value: T[Field]; readonly says: string } };

/** Reads the text of one annotation; throws a sentence that says what is allowed. */
type Reader<T> = (text: string) => T;

const PEER: { readonly [Field in keyof PeerExtensions]-?: Reader<NonNullable<PeerExtensions[Field]>> } = {
  interfaces: listOf('interfaces', (name) => /^[a-zA-Z0-9_.-]{1,15}$/.test(name) && name),
  families: (text) => {
    const names = listOf(
      'ipv4, ipv6',
      (name) => Object.hasOwn(FAMILIES, name) && (name as keyof typeof FAMILIES),
    )(text);
    return names.map((name) => FAMILIES[name]);
  },
  maxPrefixes: number(1, 0xffffffff),
  maxPrefixesWarning: number(1, 100),
  maxPrefixesRestart: (text) => {
    const time = seconds(text) ?? 0;
    return time > 0 ? time : fail('a duration such as 5m');
  },
  failureDetectionMode: (text) => MODES.find((mode) => mode === text) ?? fail(MODES.join(', ')),
  role: (text) => ROLES.find((role) => role === text.toLowerCase()) ?? fail(ROLES.join(', ')),
  strictRole: flag,
  removePrivateAS: flag,
  acceptOwnPrefixes: flag,
  addPath: (text) => PATHS.find((paths) => paths === text.toLowerCase()) ?? fail(PATHS.join(', ')),
  linkBandwidth: (text) => {
    const [, digits = '', unit = ''] = /^(\d{1,12}(?:\.\d{1,3})?)([kMGT]?)$/.exec(text) ?? [];
    const bits = Number(digits) * UNITS[unit];
    return bits >= 1 && bits <= MOST_BANDWIDTH ? bits : fail('bits a second, such as 10G');
  },
};

/** The settings in the annotations of BGPConfiguration `default`. */
export type ClusterExtensions = Pick<DesiredBgp, 'ebgpRequiresPolicy' | 'rpkiCaches' | 'rpkiInvalid'>;

const CLUSTER: { readonly [Field in keyof ClusterExtensions]-?: Reader<NonNullable<ClusterExtensions[Field]>> } = {
  ebgpRequiresPolicy: flag,
  rpkiCaches: (text) => text.split(',').map((part) => cache(part.trim())),
  rpkiInvalid: (text) => VERDICTS.find((verdict) => verdict === text) ?? fail(VERDICTS.join(', ')),
};

/** The value that a text which can't be read counts as: the cautious one. */
const UNREADABLE: Fallbacks<ClusterExtensions> = {
  ebgpRequiresPolicy: { value: true, says: 'it counts as true' },
  rpkiCaches: { value: [], says: 'no cache is asked' },
  rpkiInvalid: { value: 'Reject', says: 'it counts as Reject' },
};

/**
 * The settings in an IPPool's annotations: the address with which its pods leave the cluster, and by which nodes (a
 * selector).
 */
export interface PoolExtensions {
  readonly egressAddress?: string;
  readonly egressNodes?: string;
}

const POOL: { readonly [Field in keyof PoolExtensions]-?: Reader<string> } = {
  egressAddress: (text) => {
    const address = tryParseAddress(text);
    return address === undefined ? fail('an IP address') : formatAddress(address);
  },
  egressNodes: (text) => {
    try {
      parseSelector(text);
      return text;
    } catch {
      return fail('a selector of nodes');
    }
  },
};

/**
 * Annotations that this version knows of each kind, without the prefix. `interface` is another way of writing
 * `interfaces`.
 */
export const EXTENSIONS = {
  BGPPeer: [...Object.keys(PEER), 'interface'],
  BGPConfiguration: Object.keys(CLUSTER),
  IPPool: Object.keys(POOL),
} as const;

/** Reads a BGPPeer's annotations. */
export function peerExtensions({ metadata: { annotations = {} } }: BGPPeer): ReadExtensions<PeerExtensions> {
  const { [`${EXTENSION}interface`]: one, ...others } = annotations;
  return readAll('BGPPeer', PEER, one === undefined ? others : { [`${EXTENSION}interfaces`]: one, ...others });
}

/** Reads an IPPool's annotations. */
export function poolExtensions({ metadata: { annotations = {} } }: IPPool): ReadExtensions<PoolExtensions> {
  return readAll('IPPool', POOL, annotations);
}

/** Reads the annotations of BGPConfiguration `default`, with the cautious value for an unreadable one. */
export function clusterExtensions(configuration: BGPConfiguration | undefined): ReadExtensions<ClusterExtensions> {
  return readAll('BGPConfiguration', CLUSTER, configuration?.metadata.annotations ?? {}, UNREADABLE);
}

function readAll<T>(
  kind: keyof typeof EXTENSIONS,
  readers: Readonly<Record<string, Reader<unknown>>>,
  annotations: Readonly<Record<string, string>>,
  fallbacks: Fallbacks<T> = {},
): ReadExtensions<T> {
  const value: Record<string, unknown> = {};
  const unread: string[] = [];
  const unknown: string[] = [];
  for (const [key, text] of Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!key.startsWith(EXTENSION)) continue;
    const field = key.slice(EXTENSION.length);
    if (!Object.hasOwn(readers, field))
      unknown.push(`annotation ${key} is not known; there are ${EXTENSIONS[kind].join(', ')}`);
    else {
      try {
        value[field] = readers[field](text.trim());
      } catch (error) {
        if (!(error instanceof NotAllowed)) throw error;
        const fallback = fallbacks[field as keyof T];
        if (fallback) value[field] = fallback.value;
        unread.push(`annotation ${key} '${text}' is not ${error.message}${fallback ? `: ${fallback.says}` : ''}`);
      }
    }
  }
  return { value: value as T, unread, unknown };
}

class NotAllowed extends Error {}

function fail(allowed: string): never {
  throw new NotAllowed(allowed);
}

function number(least: number, most: number): Reader<number> {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : fail(`a number from ${least} to ${most}`);
  };
}

/** `HOST`, `HOST:PORT`, or with an IPv6 address in brackets, by RFC 6810 on port 323. */
function cache(text: string): { readonly address: string; readonly port: number } {
  const [, bracketed, plain, digits = '323'] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9.-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? plain;
  const port = Number(digits);
  if (address === undefined || port < 1 || port > 65_535)
    return fail('a list of HOST:PORT, as in 10.0.0.50:323, [fd00::50]:323');
  return { address, port };
}

function flag(text: string): boolean {
  return text === 'true' || (text !== 'false' && fail('true or false'));
}

function listOf<T extends string>(words: string, read: (text: string) => T | false): Reader<readonly T[]> {
  return (text) =>
    text.split(',').map((part) => {
      const value = read(part.trim());
      return value === false ? fail(`a list of ${words}`) : value;
    });
}
