import { readCalicoPolicy } from './calico.ts';
import { readClusterPolicy } from './cluster.ts';
import { readKubernetesPolicy } from './kubernetes.ts';
import { withLive } from './live.ts';
import type { PolicyObject, PolicyReading } from './object.ts';

/**
 * sources: the kinds of policy that exist, each turned into the one form. A part that is not understood never lets more
 * through: an Allow with it is left out, a Deny or Pass with it denies all, and a problem says so.
 */
export { readProfile, readTier } from './calico.ts';
export { LIVE_ANNOTATION } from './live.ts';
export { type PolicyObject, policyObject } from './object.ts';

/** As users write them, where the group decides between two kinds that share a name, or as the model has them. */
export function readPolicy(object: PolicyObject): PolicyReading {
  return withLive(object, readKind(object));
}

type Reader = (object: PolicyObject) => PolicyReading;

const readers: Readonly<Record<string, Reader>> = {
  NetworkPolicy: (object) =>
    object.apiVersion?.startsWith('networking.k8s.io/') ? readKubernetesPolicy(object) : readCalicoPolicy(object),
  KubernetesNetworkPolicy: readKubernetesPolicy,
  StagedKubernetesNetworkPolicy: readKubernetesPolicy,
  GlobalNetworkPolicy: readCalicoPolicy,
  StagedNetworkPolicy: readCalicoPolicy,
  StagedGlobalNetworkPolicy: readCalicoPolicy,
  AdminNetworkPolicy: readClusterPolicy,
  BaselineAdminNetworkPolicy: readClusterPolicy,
  ClusterNetworkPolicy: readClusterPolicy,
  KubernetesAdminNetworkPolicy: readClusterPolicy,
  KubernetesBaselineAdminNetworkPolicy: readClusterPolicy,
  KubernetesClusterNetworkPolicy: readClusterPolicy,
};
export const POLICY_KINDS: readonly string[] = Object.keys(readers);

/** An object of no kind of policy is none. */
function readKind(object: PolicyObject): PolicyReading {
  return Object.hasOwn(readers, object.kind) ? readers[object.kind](object) : { policies: [], problems: [] };
}
