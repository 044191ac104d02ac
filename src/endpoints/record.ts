import type { CniRequest } from '../control/index.ts';
import type { PodInterface } from '../dataplane/index.ts';
import { AlreadyExists, NotFound, type Store, UpdateConflict } from '../datastore/index.ts';
import { ipNATsOf, newResource, qosOfAnnotations, type WorkloadEndpoint } from '../model/index.ts';
import type { PodAddressing } from './addresses.ts';
import type { WorkloadIdentity } from './workload-identity.ts';

/** The store's record of a pod's interface. */
export function newEndpoint(
  nodename: string,
  request: CniRequest,
  identity: WorkloadIdentity,
  { addresses, floatingIps, sourcePrefixes }: PodAddressing,
  made: PodInterface,
): WorkloadEndpoint {
  return newResource(
    'WorkloadEndpoint',
    { name: identity.endpointName, namespace: identity.namespace, labels: labelsOf(identity) },
    {
      orchestrator: identity.orchestrator,
      workload: identity.workload,
      node: nodename,
      containerID: request.containerId,
      ...(identity.pod !== undefined && { pod: identity.pod }),
      endpoint: request.ifName,
      ipNetworks: [...addresses],
      ...(floatingIps.length > 0 && { ipNATs: [...ipNATsOf(floatingIps, addresses)] }),
      ...(sourcePrefixes.length > 0 && { allowSpoofedSourcePrefixes: [...sourcePrefixes] }),
      profiles: identity.orchestrator === 'k8s' ? [`kns.${identity.namespace}`] : [],
      interfaceName: identity.interfaceName,
      mac: made.podMac,
    },
  );
}

/**
 * Writes it in the place of what the store has of that name; whoever else writes meanwhile, the container is ours.
 * `known` is what was read there before. Resolves with what the store has, but with the addresses that were written:
 * what a store reads back may be older.
 */
export async function writeEndpoint(
  store: Store,
  fresh: WorkloadEndpoint,
  known: WorkloadEndpoint | undefined,
): Promise<WorkloadEndpoint> {
  const { name, namespace } = fresh.metadata;
  for (let found = known; ; found = await store.get({ kind: 'WorkloadEndpoint', name, namespace })) {
    try {
      const written =
        found === undefined
          ? await store.create<'WorkloadEndpoint'>(fresh)
          : await store.update<'WorkloadEndpoint'>({ ...found, spec: { ...fresh.spec, ...limitsOf(found) } });
      const { ipNATs: _, ...spec } = written.spec;
      const { ipNetworks, ipNATs } = fresh.spec;
      return { ...written, spec: { ...spec, ipNetworks, ...(ipNATs && { ipNATs }) } };
    } catch (error) {
      // A record that isn't there and can't be made is of a pod that has gone meanwhile.
      const isLost = error instanceof NotFound && found !== undefined;
      if (!(isLost || error instanceof AlreadyExists || error instanceof UpdateConflict)) throw error;
    }
  }
}

function labelsOf({ namespace, orchestrator }: WorkloadIdentity): Record<string, string> {
  return { 'projectcalico.org/namespace': namespace, 'projectcalico.org/orchestrator': orchestrator };
}

/** The limits of an endpoint stay with it, whichever container it has; its annotations come before its fields. */
function limitsOf({ metadata, spec }: WorkloadEndpoint): Pick<WorkloadEndpoint['spec'], 'qosControls'> {
  const controls = qosOfAnnotations(metadata.annotations ?? {}).controls ?? spec.qosControls;
  return controls === undefined ? {} : { qosControls: controls };
}
