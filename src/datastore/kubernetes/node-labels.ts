import type { ObjectMeta } from '../../model/index.ts';
import type { KubeObject } from './client.ts';

/**
 * Labels and annotations of Calico's Node are no others' business: they are kept as JSON in two annotations of the
 * Node of Kubernetes. Its own labels show beside them and come before them. Which those were at the time of reading is
 * remembered in a third annotation, of the resource alone, so that they are not written back as Calico's.
 * Source: libcalico-go/lib/backend/k8s/resources/node.go and resources.go.
 */
const LABELS = 'projectcalico.org/labels';
const ANNOTATIONS = 'projectcalico.org/annotations';
const INHERITED = 'projectcalico.org/kube-labels';

type Texts = Readonly<Record<string, string>>;

/** The metadata that the resource shows. */
export function mergedMetadata({
  labels: inherited = {},
  annotations = {},
}: KubeObject['metadata']): Pick<ObjectMeta, 'labels' | 'annotations'> {
  const theirs = text(inherited);
  const labels = { ...parsed(annotations[LABELS]), ...inherited };
  const own = { ...parsed(annotations[ANNOTATIONS]), ...(theirs !== null && { [INHERITED]: theirs }) };
  return {
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(own).length > 0 && { annotations: own }),
  };
}

/** The annotations that keep what is Calico's of it; null where there is none, which removes in a merge patch. */
export function ownMetadata({ labels = {}, annotations = {} }: ObjectMeta): Readonly<Record<string, string | null>> {
  const { [INHERITED]: inherited, ...own } = annotations;
  const theirs = parsed(inherited);
  const ours = Object.fromEntries(Object.entries(labels).filter(([key]) => !Object.hasOwn(theirs, key)));
  return { [LABELS]: text(ours), [ANNOTATIONS]: text(own) };
}

function text(map: Texts): string | null {
  const keys = Object.keys(map).sort();
  return keys.length === 0 ? null : JSON.stringify(Object.fromEntries(keys.map((key) => [key, map[key]])));
}

/** Somebody may have edited it by hand: what can't be read counts as empty. */
function parsed(json: string | undefined): Texts {
  if (!json) return {};
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
    return Object.fromEntries(Object.entries(value).filter(([, word]) => typeof word === 'string'));
  } catch {
    return {};
  }
}
