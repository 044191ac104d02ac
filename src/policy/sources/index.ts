import type { Policy, Problem } from '../form.ts';
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

function readKind(object: PolicyObject): PolicyReading {
  switch (object.kind) {
    case 'NetworkPolicy':
      return object.apiVersion?.startsWith('networking.k8s.io/')
        ? readKubernetesPolicy(object)
        : readCalicoPolicy(object);
    case 'KubernetesNetworkPolicy':
    case 'StagedKubernetesNetworkPolicy':
      return readKubernetesPolicy(object);
    case 'GlobalNetworkPolicy':
    case 'StagedNetworkPolicy':
    case 'StagedGlobalNetworkPolicy':
      return readCalicoPolicy(object);
    case 'AdminNetworkPolicy':
    case 'BaselineAdminNetworkPolicy':
    case 'ClusterNetworkPolicy':
    case 'KubernetesAdminNetworkPolicy':
    case 'KubernetesBaselineAdminNetworkPolicy':
    case 'KubernetesClusterNetworkPolicy':
      return readClusterPolicy(object);
    default:
      return { policies: [] as readonly Policy[], problems: [] as readonly Problem[] };
  }
}
