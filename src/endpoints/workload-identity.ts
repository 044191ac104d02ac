import type { CniRequest } from '../control/index.ts';
import { containerInterfaceName, podInterfaceName } from '../dataplane/index.ts';

/** Whose interface a CNI request is about, in the names that the store and the kernel know it by. */
export interface WorkloadIdentity {
  readonly orchestrator: 'k8s' | 'cni';
  readonly namespace: string;
  /** Name of the WorkloadEndpoint. */
  readonly endpointName: string;
  /** The pod, or the container ID. */
  readonly workload: string;
  readonly pod: string | undefined;
  readonly interfaceName: string;
  /** IPAM handle: `<network>.<containerID>`. */
  readonly handle: string;
  /** The handle of older versions for Kubernetes pods; released too. */
  readonly legacyHandle: string | undefined;
}

/**
 * A Kubernetes pod if the runtime passed its name and namespace, else the bare container. Calico's names, in which the
 * parts of a WorkloadEndpoint's name are joined by `-` and a `-` inside a part is doubled.
 */
export function identify(nodename: string, request: CniRequest, interfacePrefix: string): WorkloadIdentity {
  const { K8S_POD_NAMESPACE: namespace, K8S_POD_NAME: pod } = request.args;
  const handle = `${request.config.name}.${request.containerId}`;
  if (namespace && pod) {
    return {
      orchestrator: 'k8s',
      namespace,
      pod,
      workload: pod,
      endpointName: endpointName(nodename, 'k8s', pod, 'eth0'),
      interfaceName: podInterfaceName(namespace, pod, interfacePrefix),
      handle,
      legacyHandle: `${namespace}.${pod}`,
    };
  }
  return {
    orchestrator: 'cni',
    namespace: 'default',
    pod: undefined,
    workload: request.containerId,
    endpointName: endpointName(nodename, 'cni', request.containerId, request.ifName),
    interfaceName: containerInterfaceName(request.containerId, request.ifName, interfacePrefix),
    handle,
    legacyHandle: undefined,
  };
}

function endpointName(...parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll('-', '--')).join('-');
}
