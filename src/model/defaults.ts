import { effectivePool, type IPPool, poolCidr } from './kinds/ip-pool.ts';
import type { KubeControllersConfiguration } from './kinds/kube-controllers-configuration.ts';
import type { NetworkPolicySpec } from './kinds/network-policy.ts';
import { builtInTier } from './kinds/tier.ts';
import type { KindName, ResourceOf } from './registry.ts';

/**
 * Fills in what Calico's own client writes into an object on create and update; other defaults stay unwritten and
 * are applied by those who read (`effective…`).
 */
export function fillDefaults<Kind extends KindName>(resource: ResourceOf<Kind>): ResourceOf<Kind> {
  const filled = fill(resource as ResourceOf<KindName>);
  return filled as ResourceOf<Kind>;
}

function fill(resource: ResourceOf<KindName>): ResourceOf<KindName> {
  switch (resource.kind) {
    case 'IPPool':
      return { ...resource, spec: poolDefaults(resource) };
    case 'Tier': {
      const always = builtInTier(resource.metadata.name) ?? { defaultAction: resource.spec.defaultAction ?? 'Deny' };
      return { ...resource, spec: { ...resource.spec, ...always } };
    }
    case 'KubeControllersConfiguration':
      return { ...resource, spec: controllersDefaults(resource.spec) };
    case 'NetworkPolicy':
    case 'GlobalNetworkPolicy':
    case 'StagedNetworkPolicy':
    case 'StagedGlobalNetworkPolicy': {
      const tier = resource.spec.tier || 'default';
      const labels = { ...resource.metadata.labels, 'projectcalico.org/tier': tier };
      const spec = { ...resource.spec, tier, types: policyTypes(resource.spec) };
      return { ...resource, metadata: { ...resource.metadata, labels }, spec } as ResourceOf<KindName>;
    }
    default:
      return resource;
  }
}

function controllersDefaults(spec: KubeControllersConfiguration['spec']): KubeControllersConfiguration['spec'] {
  const { controllers = {}, prometheusMetricsPort = 9094 } = spec;
  const { node, loadBalancer } = controllers;
  return {
    ...spec,
    prometheusMetricsPort,
    controllers: {
      ...controllers,
      ...(node && { node: { ...node, leakGracePeriod: node.leakGracePeriod ?? '15m0s' } }),
      ...(loadBalancer && { loadBalancer: { ...loadBalancer, assignIPs: loadBalancer.assignIPs ?? 'AllServices' } }),
    },
  };
}

function poolDefaults(pool: IPPool): IPPool['spec'] {
  const cidr = poolCidr(pool.spec.cidr);
  const { blockSize, ipipMode, vxlanMode, nodeSelector, allowedUses, assignmentMode } = effectivePool({
    ...pool,
    spec: { ...pool.spec, cidr },
  });
  return {
    ...pool.spec,
    cidr,
    blockSize,
    ipipMode,
    vxlanMode,
    nodeSelector: nodeSelector === '' ? 'all()' : nodeSelector,
    allowedUses: allowedUses.length === 0 ? ['Workload', 'Tunnel'] : allowedUses,
    assignmentMode,
  };
}

/** The directions that a policy is about when it doesn't say. */
export function policyTypes(
  spec: Pick<NetworkPolicySpec, 'types' | 'ingress' | 'egress'>,
): readonly ('Ingress' | 'Egress')[] {
  if (spec.types !== undefined && spec.types.length > 0) return spec.types;
  if ((spec.egress?.length ?? 0) === 0) return ['Ingress'];
  return (spec.ingress?.length ?? 0) === 0 ? ['Egress'] : ['Ingress', 'Egress'];
}
