import type { KindName } from '../../model/index.ts';
import { ABSENT, type Listing, type ListOptions } from '../store.ts';
import type { KubeObject, KubernetesClient } from './client.ts';
import type { Heads } from './heads.ts';
import type { Collection } from './mapping.ts';
import { isUnknownKind, rejectUnknownKind } from './meaning.ts';

interface ListAnswer {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly KubeObject[];
}

/** Objects asked for at once. */
const page = 500;

/** All of a collection at one revision, page by page. */
export async function* pagesOf<Kind extends KindName>(
  client: KubernetesClient,
  heads: Heads,
  collection: Collection<Kind>,
  { namespace, labels }: ListOptions,
): AsyncGenerator<Listing<Kind>> {
  const path = namespace === undefined ? collection.path : (collection.within?.(namespace) ?? collection.path);
  const selector = Object.entries(labels ?? {}).map(([name, value]) => `${name}=${value}`);
  const query: Record<string, string> = { limit: String(page) };
  if (collection.hasLabels && selector.length > 0) query['labelSelector'] = selector.join(',');
  const heard = heads.asking(path);
  for (;;) {
    const answer = await client.call<ListAnswer>({ method: 'GET', path, query }).catch((error: unknown) => {
      if (collection.isOptional && isUnknownKind(error)) return undefined;
      return rejectUnknownKind(error);
    });
    if (answer === undefined) {
      yield { items: [], revision: ABSENT };
      return;
    }
    if (query['continue'] === undefined) heard(answer.metadata.resourceVersion);
    const items = answer.items.flatMap((object) => collection.decode(object) ?? []);
    yield { items, revision: answer.metadata.resourceVersion };
    const more = answer.metadata.continue;
    if (!more) return;
    query['continue'] = more;
  }
}
