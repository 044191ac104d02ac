import { parsePrefix, tryParsePrefix } from '../../base/index.ts';
import { affinityName, cidrName, definitionOf, type KindName, type ResourceOf } from '../../model/index.ts';
import type { ResourceKey } from '../store.ts';

/**
 * Where Calico keeps each kind in etcd. Resources lie under their plural; IPAM's objects have older keys of their
 * own, made of CIDRs and node names rather than of object names.
 */
const resources = '/calico/resources/v3/projectcalico.org';
const ipam = '/calico/ipam/v2';

/** A half-open range of keys. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

/** The keys of all objects of a kind. */
export function rangeOf(kind: KindName, namespace?: string): KeyRange {
  switch (kind) {
    case 'IPAMBlock':
      return below(`${ipam}/assignment/`);
    case 'BlockAffinity':
      // `host/` and `virtual/`; nothing else lies between them.
      return { from: `${ipam}/host/`, to: `${ipam}/virtual0` };
    case 'IPAMHandle':
      return below(`${ipam}/handle/`);
    case 'IPAMConfiguration':
      return { from: `${ipam}/config`, to: `${ipam}/config\0` };
    default:
      return below(`${resources}/${definitionOf(kind).plural}/${namespace === undefined ? '' : `${namespace}/`}`);
  }
}

function below(prefix: string): KeyRange {
  return { from: prefix, to: `${prefix.slice(0, -1)}0` };
}

/** The key at which an object is written. */
export function storedAt(resource: ResourceOf<KindName>): string {
  const { name, namespace } = resource.metadata;
  switch (resource.kind) {
    case 'IPAMBlock':
      return blockKey(resource.spec.cidr);
    case 'BlockAffinity':
      return affinityKey(resource.spec.type ?? 'host', resource.spec.node, resource.spec.cidr);
    default:
      return candidates({ kind: resource.kind, name, namespace })[0];
  }
}

/** The keys at which an object of this name may be. More than one where the name alone doesn't tell. */
export function candidates({ kind, name, namespace }: ResourceKey): readonly string[] {
  switch (kind) {
    case 'IPAMBlock':
      return cidrsOf(name).map(blockKey);
    case 'BlockAffinity':
      return affinityParts(name).flatMap(({ owner, cidr }) =>
        (['host', 'virtual'] as const).map((type) => affinityKey(type, owner, cidr)),
      );
    case 'IPAMHandle':
      return [`${ipam}/handle/${name}`];
    case 'IPAMConfiguration':
      return name === 'default' ? [`${ipam}/config`] : [];
    default: {
      const folder = `${resources}/${definitionOf(kind).plural}`;
      return [namespace === undefined ? `${folder}/${name}` : `${folder}/${namespace}/${name}`];
    }
  }
}

export interface AffinityPlace {
  readonly type: 'host' | 'virtual';
  readonly owner: string;
  readonly cidr: string;
}

/** Reads an affinity's key back. */
export function readAffinityKey(key: string): AffinityPlace | undefined {
  const found = /^\/calico\/ipam\/v2\/(host|virtual)\/([^/]+)\/ipv[46]\/block\/(.+)-([0-9]{1,3})$/.exec(key);
  if (found === null) return undefined;
  return { type: found[1] as 'host' | 'virtual', owner: found[2], cidr: `${found[3]}/${found[4]}` };
}

function blockKey(cidr: string): string {
  return `${ipam}/assignment/ipv${parsePrefix(cidr).family}/block/${cidr.replace('/', '-')}`;
}

function affinityKey(type: 'host' | 'virtual', owner: string, cidr: string): string {
  return `${ipam}/${type}/${owner}/ipv${parsePrefix(cidr).family}/block/${cidr.replace('/', '-')}`;
}

/** The CIDR whose name this is: `10-0-0-0-26` or `fd00---122`. */
function cidrsOf(name: string): readonly string[] {
  const at = name.lastIndexOf('-');
  const length = name.slice(at + 1);
  const texts = ['.', ':'].map((separator) => `${name.slice(0, at).replaceAll('-', separator)}/${length}`);
  return texts.filter((text) => tryParsePrefix(text) !== undefined && cidrName(text) === name);
}

/** The owners and CIDRs of which the name of an affinity may be made; node names have dashes too. */
function affinityParts(name: string): readonly { readonly owner: string; readonly cidr: string }[] {
  const parts: { owner: string; cidr: string }[] = [];
  for (let at = name.indexOf('-'); at >= 0; at = name.indexOf('-', at + 1)) {
    const owner = name.slice(0, at);
    for (const cidr of cidrsOf(name.slice(at + 1))) if (affinityName(owner, cidr) === name) parts.push({ owner, cidr });
  }
  return parts;
}
