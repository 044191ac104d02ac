import { type KindName, type ResourceOf, ValidationError, type WorkloadEndpoint } from '../../model/index.ts';
import type { RawObject } from '../manifest/documents.ts';

type Spec = WorkloadEndpoint['spec'];

/** The fields that make the name of an endpoint, in their order; which they are depends on the orchestrator. */
function parts({ node, orchestrator, pod, containerID, workload, endpoint }: Spec): Readonly<Record<string, string>> {
  const ends = { endpoint: endpoint ?? '' };
  const begins = { node: node ?? '', orchestrator: orchestrator ?? '' };
  switch (orchestrator) {
    case 'k8s':
      return { ...begins, pod: pod ?? '', ...ends };
    case 'cni':
      return { ...begins, containerID: containerID ?? '', ...ends };
    case 'libnetwork':
      return { ...begins, libnetwork: orchestrator, ...ends };
    default:
      return { ...begins, workload: workload ?? '', ...ends };
  }
}

/** `node1-k8s-my--pod-eth0`: the parts with a dash between, a dash in them doubled. */
function nameOf(spec: Spec): string {
  return Object.entries(parts(spec))
    .map(([field, value]) => {
      if (value === '') refuse(field, value, 'field should be assigned');
      if (value.startsWith('-')) refuse(field, value, "field must not begin with a '-'");
      if (value.endsWith('-')) refuse(field, value, "field must not end with a '-'");
      return value.replaceAll('-', '--');
    })
    .join('-');
}

/** The object of a file; a name that an endpoint leaves out is made of its spec, as Calico's client makes it. */
export function named(raw: RawObject): RawObject {
  const { kind, spec } = raw;
  const metadata = raw['metadata'] as RawObject | undefined;
  if (kind !== 'WorkloadEndpoint' || metadata?.['name'] || spec === null || typeof spec !== 'object') return raw;
  return { ...raw, metadata: { ...metadata, name: nameOf(spec as Spec) } };
}

/**
 * An endpoint as Calico's client stores it: its name is the one that its spec makes, and its labels say its namespace
 * and orchestrator whatever the user wrote there. Other kinds stay as they are.
 */
export function asStored<Kind extends KindName>(resource: ResourceOf<Kind>): ResourceOf<Kind> {
  const any = resource as ResourceOf<KindName>;
  if (any.kind !== 'WorkloadEndpoint') return resource;
  const { metadata, spec } = any;
  const expected = nameOf(spec);
  if (metadata.name !== expected) {
    const mismatch = 'the WorkloadEndpoint name does not match the primary identifiers assigned in the Spec';
    refuse('Name', metadata.name, `${mismatch}: expected name ${expected}`);
  }
  const labels = {
    ...metadata.labels,
    'projectcalico.org/namespace': metadata.namespace ?? '',
    'projectcalico.org/orchestrator': spec.orchestrator ?? '',
  };
  return { ...any, metadata: { ...metadata, labels } } as ResourceOf<KindName> as ResourceOf<Kind>;
}

function refuse(name: string, value: string, reason: string): never {
  throw new ValidationError([{ name, value, reason }]);
}
