import {
  API_VERSION,
  affinityLabels,
  affinityName,
  cidrName,
  formatJson,
  type KindName,
  parseJson,
  type ResourceOf,
} from '../../model/index.ts';
import { DatastoreCorrupt } from '../errors.ts';
import { taken } from '../object.ts';
import { readAffinityKey } from './layout.ts';

/** A key and its value, as etcd's JSON gateway gives them: in base64, with integers as text. */
export interface KeyValue {
  readonly key: string;
  readonly value?: string;
  readonly create_revision?: string;
  readonly mod_revision?: string;
}

type Json = Readonly<Record<string, unknown>>;

/** IPAM's fields whose names in etcd are not those of the API. */
const renamed: Partial<Record<KindName, Readonly<Record<string, string>>>> = {
  IPAMBlock: { affinityClaimTime: 'affinity_claim_time' },
  IPAMConfiguration: { strictAffinity: 'strict_affinity', autoAllocateBlocks: 'auto_allocate_blocks' },
};

/** From etcd's names to the API's. */
const inverted = Object.fromEntries(
  Object.entries(renamed).map(([kind, names]) => [
    kind,
    Object.fromEntries(Object.entries(names).map(([api, etcd]) => [etcd, api])),
  ]),
) as typeof renamed;

/** The value that Calico would write: of IPAM's kinds the bare fields, of all others the whole resource. */
export function encode(resource: ResourceOf<KindName>): string {
  const spec = resource.spec as Json;
  switch (resource.kind) {
    case 'IPAMBlock':
    case 'IPAMConfiguration':
      return formatJson(rename(spec, renamed[resource.kind]!));
    case 'BlockAffinity': {
      // The rest of it is in the key.
      const { node: _node, type: _type, cidr: _cidr, ...rest } = spec;
      return formatJson({ ...rest, deleted: rest['deleted'] ?? false });
    }
    case 'IPAMHandle':
      return formatJson({ ...spec, deleted: spec['deleted'] ?? false });
    default:
      return formatJson(resource);
  }
}

/** The resource that a key and value stand for; undefined for a key that is no such object. */
export function decode<Kind extends KindName>(kind: Kind, pair: KeyValue): ResourceOf<Kind> | undefined {
  // Very old clusters wrote nothing: the key says it all.
  const value = kind === 'BlockAffinity' && !pair.value ? {} : readValue(pair);
  const resource = decodeAs(kind, value, pair) as { metadata: { resourceVersion?: string } } | undefined;
  if (resource === undefined) return undefined;
  // The object has just been made, and is nobody else's.
  resource.metadata.resourceVersion = pair.mod_revision ?? '';
  return resource as ResourceOf<Kind>;
}

/** One by one, as they are asked for: what is done with early is never copied by the garbage collector. */
export function* decodeEach<Kind extends KindName>(kind: Kind, pairs: KeyValue[]): Iterable<ResourceOf<Kind>> {
  for (const pair of taken(pairs)) {
    const resource = decode(kind, pair);
    if (resource !== undefined) yield resource;
  }
}

function decodeAs(kind: KindName, value: Json, pair: KeyValue): unknown {
  switch (kind) {
    case 'IPAMBlock': {
      const spec = rename(value, inverted.IPAMBlock!);
      const name = cidrName(String(spec['cidr']));
      const { hostAffinity, ...rest } = spec;
      if (hostAffinity === undefined && rest['affinity'] !== null) return made(kind, name, rest, pair);
      // Very old data names the node itself.
      const affinity = rest['affinity'] ?? (typeof hostAffinity === 'string' ? `host:${hostAffinity}` : undefined);
      return made(kind, name, { ...rest, affinity }, pair);
    }
    case 'BlockAffinity': {
      const place = readAffinityKey(fromBase64(pair.key));
      if (place === undefined) return undefined;
      const { type, owner, cidr } = place;
      const labels = affinityLabels(owner, type, cidr);
      return made(kind, affinityName(owner, cidr), { ...value, node: owner, type, cidr }, pair, labels);
    }
    case 'IPAMHandle': {
      const key = fromBase64(pair.key);
      const name = key.slice(key.lastIndexOf('/') + 1);
      return made(kind, name.toLowerCase(), { handleID: name, ...value }, pair);
    }
    case 'IPAMConfiguration':
      return made(kind, 'default', rename(value, inverted.IPAMConfiguration!), pair);
    default:
      if (typeof value['metadata'] === 'object' && value['metadata'] !== null) return value;
      throw damaged(pair, 'it has no metadata');
  }
}

/** IPAM's values carry no metadata: an incarnation of a key is told from the next by the revision of its creation. */
function made(kind: KindName, name: string, spec: Json, pair: KeyValue, labels?: Json): unknown {
  const metadata = { name, uid: `etcd-${pair.create_revision}`, ...(labels && { labels }) };
  return { apiVersion: API_VERSION, kind, metadata, spec };
}

function readValue(pair: KeyValue): Json {
  let value: unknown;
  try {
    value = parseJson(fromBase64(pair.value ?? ''));
  } catch {
    throw damaged(pair, 'its value is not JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw damaged(pair, 'its value is not a JSON object');
}

function damaged(pair: KeyValue, reason: string): DatastoreCorrupt {
  return new DatastoreCorrupt(`etcd key ${fromBase64(pair.key)}`, reason, 'Repair or delete it with etcdctl.');
}

function rename(value: Json, names: Readonly<Record<string, string>>): Json {
  if (!Object.keys(names).some((name) => Object.hasOwn(value, name))) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [names[name] ?? name, member]));
}

export function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}

export function fromBase64(text: string): string {
  if (text.length > scratch.length) return Buffer.from(text, 'base64').toString();
  return scratch.toString('utf8', 0, scratch.write(text, 'base64'));
}

/** Where a value's octets are on their way to be text: a buffer for each of ten thousands would be garbage at once. */
const scratch = Buffer.allocUnsafeSlow(32 * 1024);
