import type { SourceUpdate } from '../../src/calc/index.ts';
import { type KindName, newResource, type ResourceOf } from '../../src/model/index.ts';

/** An object as the syncer delivers it. */
export function put<Kind extends KindName>(
  kind: Kind,
  name: string,
  spec: ResourceOf<Kind>['spec'],
  more: { namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> } = {},
): SourceUpdate {
  const resource = newResource(kind, { name, ...more }, spec);
  return { key: { kind, name, namespace: more.namespace }, resource: resource as SourceUpdate['resource'] };
}

export function gone(kind: KindName, name: string, namespace?: string): SourceUpdate {
  return { key: { kind, name, namespace }, resource: undefined };
}

export function node(
  name: string,
  address: string,
  more: { asn?: number; clusterId?: string; labels?: Record<string, string> } = {},
): SourceUpdate {
  const bgp = {
    ipv4Address: `${address}/24`,
    ...(more.asn !== undefined && { asNumber: more.asn }),
    ...(more.clusterId !== undefined && { routeReflectorClusterID: more.clusterId }),
  };
  return put('Node', name, { bgp }, more.labels ? { labels: more.labels } : {});
}

/** A block with its affinity, as a finished claim leaves them. */
export function claimed(nodeName: string, cidr: string, state = 'confirmed'): SourceUpdate[] {
  const name = cidr.replaceAll(/[./:]/g, '-');
  const free = Array.from({ length: 64 }, (_, ordinal) => ordinal);
  return [
    put('BlockAffinity', `${nodeName}-${name}`, { state, node: nodeName, cidr, type: 'host', deleted: false } as never),
    put('IPAMBlock', name, {
      cidr,
      affinity: `host:${nodeName}`,
      allocations: free.map(() => null),
      unallocated: free,
      attributes: [],
    } as never),
  ];
}

export function pod(
  nodeName: string,
  name: string,
  address: string,
  more: Partial<ResourceOf<'WorkloadEndpoint'>['spec']> = {},
): SourceUpdate {
  return put(
    'WorkloadEndpoint',
    `${nodeName}-k8s-${name}-eth0`,
    {
      node: nodeName,
      interfaceName: `cali${name}`,
      ipNetworks: [`${address}/32`],
      orchestrator: 'k8s',
      pod: name,
      ...more,
    },
    { namespace: 'default' },
  );
}

export function pool(name: string, cidr: string, more: Partial<ResourceOf<'IPPool'>['spec']> = {}): SourceUpdate {
  return put('IPPool', name, { cidr, ...more });
}
