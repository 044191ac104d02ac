import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path/posix';
import type { Remark } from '../store.ts';
import { type ApiRequest, type KubeObject, type KubernetesClient, Refused } from './client.ts';
import { meaning } from './meaning.ts';

/** The type of Kubernetes' own kinds, which a listing doesn't give. */
const CORE: { readonly [kind: string]: Pick<KubeObject, 'apiVersion' | 'kind'> | undefined } = {
  KubernetesNetworkPolicy: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  KubernetesService: { apiVersion: 'v1', kind: 'Service' },
  Node: { apiVersion: 'v1', kind: 'Node' },
  WorkloadEndpoint: { apiVersion: 'v1', kind: 'Pod' },
};

/** The letters that an event's name has room for, of its object's name. */
const ROOM = 200;

/** Says something beside the object at this path; nothing if there is none. */
export async function remarkAt(
  path: string | undefined,
  remark: Remark,
  client: Pick<KubernetesClient, 'call'>,
  now: string,
): Promise<void> {
  if (path === undefined) return;
  try {
    // A listing of one: the role lets us list what it doesn't let us get.
    const fieldSelector = `metadata.name=${decodeURIComponent(basename(path))}`;
    const request = { method: 'GET', path: dirname(path), query: { fieldSelector } } as const;
    const { items } = await client.call<{ readonly items: readonly KubeObject[] }>(request);
    if (items.length > 0) await client.call(eventRequest(remark, items[0], now));
  } catch (error) {
    const isSaid = error instanceof Refused && error.status.reason === 'AlreadyExists';
    if (!isSaid) throw meaning(remark.about, error);
  }
}

/**
 * An event beside an object, for `kubectl describe` and `kubectl get events`. Its name is made from what it says:
 * saying it again, from any node, makes no second one while the API server remembers the first.
 */
function eventRequest(
  { about, reason, message, node, isRepeated }: Remark,
  { metadata, ...of }: KubeObject,
  now: string,
): ApiRequest {
  const { name, namespace, uid, resourceVersion } = metadata;
  const { apiVersion, kind } = { ...CORE[about.kind], ...of };
  // Events of what belongs to no namespace are in this one.
  const place = namespace ?? 'default';
  const said = createHash('sha256')
    .update([kind, uid, reason, message, ...(isRepeated ? [node, now] : [])].join('\n'))
    .digest('hex');
  return {
    method: 'POST',
    path: `/api/v1/namespaces/${encodeURIComponent(place)}/events`,
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name.slice(0, ROOM).replace(/\W+$/, '')}.${said.slice(0, 16)}`, namespace: place },
      involvedObject: { apiVersion, kind, name, namespace, uid, resourceVersion },
      type: 'Warning',
      reason,
      message: message.slice(0, 1024),
      source: { component: 'vrouter', host: node },
      reportingComponent: 'vrouter',
      reportingInstance: node,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    },
  };
}
