import type { KindName, ResourceOf } from '../../model/index.ts';
import { NotFound, OperationNotSupported } from '../errors.ts';
import { atRevision, keyOf, keyText, stamped } from '../object.ts';
import type { ResourceKey, WriteAdmission } from '../store.ts';
import type { ApiRequest, KubeObject } from './client.ts';
import type { Mapping } from './mapping.ts';

/** What a write of the store is made of. */
export interface Writing {
  mapping<Kind extends KindName>(kind: Kind): Mapping<Kind>;
  find<Kind extends KindName>(
    key: ResourceKey<Kind>,
  ): Promise<{ readonly resource: ResourceOf<Kind>; readonly object: KubeObject } | undefined>;
  send(key: ResourceKey, request: ApiRequest): Promise<KubeObject>;
  wallTime(): number;
}

/** Writes as they would be sent, but for the word that has the API server store nothing (`dryRun=All`). */
export function admissionOf({ mapping, find, send, wallTime }: Writing): WriteAdmission {
  return {
    async put<Kind extends KindName>(resource: ResourceOf<Kind>) {
      const key = keyOf(resource);
      const { create, update, locate, maker } = mapping<Kind>(resource.kind as Kind);
      const was = (await find(key))?.resource;
      const make = was === undefined ? create : update;
      const verb = was === undefined ? 'create' : 'update';
      if (make === undefined) throw new OperationNotSupported(verb, keyText(key), maker);
      const answer = await send(key, unstored(make(inPlaceOf(was, resource, wallTime()))));
      const admitted = locate(key)?.collection.decode(answer);
      if (admitted === undefined) throw new NotFound(keyText(key));
      return admitted;
    },

    async delete(key) {
      const { remove } = mapping(key.kind);
      if (remove === undefined) throw new OperationNotSupported('delete', keyText(key));
      const was = await find(key);
      if (was !== undefined) await send(key, unstored(remove(was.resource, was.object)));
    },
  };
}

/** The resource as it would take the place of this one. */
function inPlaceOf<Kind extends KindName>(
  was: ResourceOf<Kind> | undefined,
  resource: ResourceOf<Kind>,
  wallTime: number,
): ResourceOf<Kind> {
  const { resourceVersion: _, ...metadata } = resource.metadata;
  if (was === undefined) return { ...resource, metadata };
  const { resourceVersion } = was.metadata;
  const next = stamped(resource, was, wallTime);
  return resourceVersion === undefined ? next : atRevision(next, resourceVersion);
}

/** A deletion with a body is asked for by that alone: what the query says of it is not read. */
function unstored(request: ApiRequest): ApiRequest {
  if (request.method !== 'DELETE') return { ...request, query: { ...request.query, dryRun: 'All' } };
  return { ...request, body: { ...(request.body as object), dryRun: ['All'] } };
}
