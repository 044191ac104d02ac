import { createHash } from 'node:crypto';

/**
 * The host end of a pod's veth, as Calico names it. A Kubernetes pod's: the prefix and the first 11 hex digits of
 * SHA-1("<namespace>.<pod>"). Any other workload's: the prefix and the first 11 characters of its container ID.
 */
export function podInterfaceName(namespace: string, pod: string, prefix = 'cali'): string {
  return prefix + createHash('sha1').update(`${namespace}.${pod}`).digest('hex').slice(0, 11);
}

export function containerInterfaceName(containerId: string, prefix = 'cali'): string {
  return prefix + containerId.slice(0, 11);
}
