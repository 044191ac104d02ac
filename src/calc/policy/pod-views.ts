import { type Entries, EntriesWriter, formatAddress, hostCidr, same } from '../../base/index.ts';
import { newResource, type WorkloadEndpoint } from '../../model/index.ts';
import { type Endpoint, workloadEndpoint } from '../../policy/index.ts';

/** All pods of the cluster, as far as rules are about them: who they are, and where. By the key of their endpoint. */
export class PodViews {
  readonly #writer = new EntriesWriter<Endpoint>(same);

  /** Puts the new view of a pod; undefined: it is gone. Returns whether that says something new. */
  set(key: string, endpoint: WorkloadEndpoint | undefined): boolean {
    return this.#writer.set(key, endpoint && workloadEndpoint(endpoint));
  }

  /** The node that the pod is on. */
  nodeOf(key: string): string | undefined {
    return this.#writer.get(key)?.node;
  }

  commit(): Entries<Endpoint> {
    return this.#writer.commit();
  }

  /** The pods of other nodes, as endpoints from which the same would be known. */
  *others(nodename: string): Iterable<WorkloadEndpoint> {
    for (const [key, view] of this.commit()) if (view.node !== nodename) yield endpointOf(key, view);
  }
}

function endpointOf(key: string, { name: pod, labels, profiles, addresses, ports, node }: Endpoint): WorkloadEndpoint {
  const [namespace, name] = key.split('/');
  const orchestrator = labels['projectcalico.org/orchestrator'];
  return newResource(
    'WorkloadEndpoint',
    { name, namespace, labels },
    {
      ...(orchestrator !== undefined && { orchestrator }),
      ...(node !== undefined && { node }),
      pod: pod.slice(pod.indexOf('/') + 1),
      profiles: [...profiles],
      ipNetworks: addresses.map((address) => hostCidr(formatAddress(address))),
      ...(ports.length > 0 && { ports: [...ports] }),
    },
  );
}
