import { INPUT_KINDS } from '../calc/index.ts';
import { Keeping } from '../keeping/index.ts';
import { isKubernetesKind, type KindName } from '../model/index.ts';

/** Kinds that the daemon follows. Where the datastore is none of Kubernetes nobody waits for what only Kubernetes makes. */
export function followedKinds(datastoreType: string): readonly KindName[] {
  const all: readonly KindName[] = [...new Set<KindName>([...INPUT_KINDS, ...Keeping.kinds, 'ClusterInformation'])];
  return datastoreType === 'kubernetes' ? all : all.filter((kind) => !isKubernetesKind(kind));
}
