/**
 * Annotations of pods, some of namespaces too, by which they ask CNI for something; and the last three, by which the
 * network says what a pod has got. Calico's names: the Kubernetes engine keeps a pod's endpoint in them.
 */
const NAMES = [
  'ipAddrs',
  'ipAddrsNoIpam',
  'ipv4pools',
  'ipv6pools',
  'ipFamilies',
  'hwAddr',
  'floatingIPs',
  'allowedSourcePrefixes',
  'podIP',
  'podIPs',
  'containerID',
] as const;
const PREFIX = 'cni.projectcalico.org/';

export type CniAnnotationName = (typeof NAMES)[number];

/** By its short name, the annotation's whole name. */
export const CNI_ANNOTATION = Object.fromEntries(NAMES.map((name) => [name, PREFIX + name])) as Readonly<
  Record<CniAnnotationName, string>
>;

/** Whether it asks something of CNI, understood or not. */
export function isCniRequest(annotation: string): boolean {
  const { podIP, podIPs, containerID } = CNI_ANNOTATION;
  return annotation.startsWith(PREFIX) && ![podIP, podIPs, containerID].includes(annotation);
}
