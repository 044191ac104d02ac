import {
  API_VERSION,
  definitionOf,
  type KindName,
  parseJson,
  type ResourceOf,
  type StoredKind,
} from '../../model/index.ts';
import { stamped } from '../object.ts';
import type { KubeObject } from './client.ts';
import type { Collection, Mapping } from './mapping.ts';

const group = 'crd.projectcalico.org/v1';
/** Where the metadata that users see is kept: their labels, annotations, uid and time of creation. */
const metadataAnnotation = 'projectcalico.org/metadata';

/** IPAM's own kinds are bare: their metadata is Kubernetes' own. */
const bare: readonly KindName[] = ['BlockAffinity', 'IPAMBlock', 'IPAMHandle', 'IPAMConfiguration'];

/** Calico's open source has no such kind: a cluster that was set up with its definitions does without. */
const added: readonly KindName[] = ['BFDConfiguration'];

type Loose = { readonly [name: string]: unknown };

/** The kinds that are custom resources, with the same spec as in the API. */
export function customResource<Kind extends StoredKind>(kind: Kind, wallTime: () => number): Mapping<Kind> {
  const { plural, namespaced, crd } = definitionOf(kind);
  const name = crd?.plural ?? plural;
  const path = `/apis/${group}/${name}`;
  const within = (namespace: string): string => `/apis/${group}/namespaces/${namespace}/${name}`;
  const folder = (namespace: string | undefined): string => (namespaced ? within(namespace ?? 'default') : path);
  const collection: Collection<Kind> = {
    path,
    ...(namespaced && { within }),
    ...(added.includes(kind) && { isOptional: true }),
    hasLabels: bare.includes(kind),
    decode: (object) => decode(kind, object),
  };
  const encoded = (resource: ResourceOf<Kind>): KubeObject => encode(resource, crd?.kind ?? kind);
  const at = ({ metadata }: ResourceOf<Kind>): string => `${folder(metadata.namespace)}/${metadata.name}`;
  return {
    collections: [collection],
    locate: ({ name, namespace }) => ({ path: `${folder(namespace)}/${encodeURIComponent(name)}`, collection }),
    create: (resource) => ({
      method: 'POST',
      path: folder(resource.metadata.namespace),
      body: encoded(bare.includes(kind) ? resource : stamped(resource, undefined, wallTime())),
    }),
    update: (resource) => ({ method: 'PUT', path: at(resource), body: encoded(resource) }),
    remove: (was, { metadata: { uid, resourceVersion } }) => ({
      method: 'DELETE',
      path: at(was),
      body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } },
    }),
  };
}

function encode<Kind extends KindName>(resource: ResourceOf<Kind>, crdKind: string): KubeObject {
  const { apiVersion: _, kind, metadata, ...rest } = resource as ResourceOf<KindName> & Loose;
  const spec = encodeSpec(kind, resource.spec as Loose);
  const object = { ...(rest as Loose), apiVersion: group, kind: crdKind, spec };
  if (bare.includes(kind)) {
    const { uid: _uid, creationTimestamp: _time, ...own } = metadata;
    return { ...object, metadata: own as KubeObject['metadata'] };
  }
  const { name, namespace, resourceVersion, deletionTimestamp: _deletion, ...seen } = metadata;
  const { finalizers, labels } = metadata as KubeObject['metadata'];
  return {
    ...object,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(finalizers !== undefined && { finalizers }),
      ...(labels !== undefined && { labels }),
      annotations: { [metadataAnnotation]: JSON.stringify(seen) },
    },
  };
}

function decode<Kind extends KindName>(kind: Kind, object: KubeObject): ResourceOf<Kind> {
  const { apiVersion: _, kind: _kind, metadata, spec, ...rest } = object;
  const { managedFields: _managed, generation: _generation, ...own } = metadata;
  const { [metadataAnnotation]: text, ...annotations } = metadata.annotations ?? {};
  const { name, namespace, resourceVersion, uid, creationTimestamp, deletionTimestamp } = metadata;
  const seen =
    text === undefined
      ? own
      : {
          ...(uid !== undefined && { uid }),
          ...(creationTimestamp !== undefined && { creationTimestamp }),
          ...userMetadata(text),
          name,
          ...(namespace !== undefined && { namespace }),
          ...(resourceVersion !== undefined && { resourceVersion }),
          ...(deletionTimestamp !== undefined && { deletionTimestamp }),
        };
  const shown = text === undefined && Object.keys(annotations).length > 0 ? { ...seen, annotations } : seen;
  const whole = { apiVersion: API_VERSION, kind, metadata: shown, spec: decodeSpec(kind, spec ?? {}), ...rest };
  return whole as unknown as ResourceOf<Kind>;
}

/** Somebody may have edited the annotation by hand: what can't be read counts as empty. */
function userMetadata(text: string): Loose {
  try {
    const value = parseJson(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
    return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
  } catch {
    return {};
  }
}

/**
 * Adds fields that Calico's definitions require, and objects of other engines may lack. In the CRD an affinity's
 * `deleted` is text.
 */
function encodeSpec(kind: KindName, spec: Loose): Loose {
  switch (kind) {
    case 'BlockAffinity':
      return { state: '', ...spec, deleted: String(spec['deleted'] ?? false) };
    case 'IPAMBlock':
      return { strictAffinity: false, ...spec };
    case 'IPAMConfiguration':
      return { strictAffinity: false, autoAllocateBlocks: true, ...spec };
    case 'KubeControllersConfiguration':
      return { controllers: {}, ...spec };
    default:
      return spec;
  }
}

function decodeSpec(kind: KindName, spec: Loose): Loose {
  if (kind !== 'BlockAffinity' || spec['deleted'] === undefined) return spec;
  return { ...spec, deleted: String(spec['deleted']) === 'true' };
}
