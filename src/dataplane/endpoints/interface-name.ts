import { createHash } from 'node:crypto';

/** Container IDs as containerd, CRI-O and podman make them: their beginnings differ. */
const RANDOM_ID = /^[0-9a-f]{12,}$/;

/**
 * The host end of a pod's veth, as Calico names it: the prefix and the first 11 hex digits of
 * SHA-1("<namespace>.<pod>").
 */
export function podInterfaceName(namespace: string, pod: string, prefix = 'cali'): string {
  return prefix + hashed(`${namespace}.${pod}`);
}

/**
 * Any other workload's: the prefix and the first 11 characters of its container ID. An ID that somebody has chosen
 * (`default-web1`) begins like its neighbours', and a second interface has its container's: these are hashed.
 */
export function containerInterfaceName(containerId: string, ifName: string, prefix = 'cali'): string {
  if (RANDOM_ID.test(containerId) && ifName === 'eth0') return prefix + containerId.slice(0, 11);
  return prefix + hashed(`${containerId}.${ifName}`);
}

function hashed(text: string): string {
  return createHash('sha1').update(text).digest('hex').slice(0, 11);
}
