/**
 * Resources in Kubernetes, where Calico keeps them: custom resources of `crd.projectcalico.org/v1`, annotations of
 * Nodes and Pods, and Namespaces and ServiceAccounts read as Profiles. Each kind is one `Mapping`; credentials and
 * kubeconfigs are the official client's work, requests and watches are ours, with our own timeouts.
 */
export { Access } from './access.ts';
export { KubernetesClient } from './client.ts';
export { KubernetesStore } from './store.ts';
