import type { KindName, ResourceOf } from '../../model/index.ts';
import type { ResourceKey } from '../store.ts';
import type { ApiRequest, KubeObject } from './client.ts';

/** Objects of Kubernetes that stand for resources of one kind. */
export interface Collection<Kind extends KindName = KindName> {
  /** The path at which they are listed and watched, without namespace. */
  readonly path: string;
  /** The path within one namespace. */
  within?(namespace: string): string;
  /** Not every cluster has it: where the API server doesn't know it, there are no objects. */
  readonly isOptional?: boolean;
  /** Whether the API server can select by the labels that the resource shows. */
  readonly hasLabels?: boolean;
  /** The resource; undefined when this object stands for none. Its resourceVersion is the object's. */
  decode(object: KubeObject): ResourceOf<Kind> | undefined;
}

/** How a kind is kept in Kubernetes. An operation that is missing is not supported. */
export interface Mapping<Kind extends KindName = KindName> {
  readonly collections: readonly Collection<Kind>[];
  /** Resources that are always there, and nowhere stored. */
  readonly constants?: readonly ResourceOf<Kind>[];
  /** Where the object of this name is, and in which of the collections; undefined when there can't be one. */
  locate(key: ResourceKey<Kind>): { readonly path: string; readonly collection: Collection<Kind> } | undefined;
  /** The program that makes them, where it isn't us, and what to look at when one is missing. */
  readonly maker?: string;
  create?(resource: ResourceOf<Kind>): ApiRequest;
  /** `resource` is at the revision that it is to replace. */
  update?(resource: ResourceOf<Kind>): ApiRequest;
  /** `was` is at the revision that is to be removed; `object` is it, as stored. */
  remove?(was: ResourceOf<Kind>, object: KubeObject): ApiRequest;
}
