import type { Place, StoredObject } from './objects.ts';

export interface Target extends Place {
  readonly name: string | undefined;
}

/** `/api/v1/…` and `/apis/<group>/<version>/…`, with or without a namespace, an object and its status. */
export function targetOf(path: string): Target | undefined {
  const found =
    /^\/api(?:s\/([^/]+))?\/v1(?:alpha\d)?\/(?:namespaces\/([^/]+)\/(?!status$))?([^/]+)(?:\/([^/]+))?(?:\/status)?$/.exec(
      path,
    );
  if (found === null) return undefined;
  const [, group, namespace, plural, name] = found.map((part) => part && decodeURIComponent(part));
  return { resource: group ? `${plural}.${group}` : plural!, namespace, name };
}

export function isSelected({ metadata, ...object }: StoredObject, query: URLSearchParams): boolean {
  const wanted = (text: string | null): string[][] =>
    (text ?? '')
      .split(',')
      .filter(Boolean)
      .map((term) => term.split(/==?/));
  const nodeName = (object['spec'] as { nodeName?: string } | undefined)?.nodeName;
  const fields: Record<string, unknown> = { 'metadata.name': metadata.name, 'spec.nodeName': nodeName };
  return (
    wanted(query.get('labelSelector')).every(([name, value]) => metadata.labels?.[name] === value) &&
    wanted(query.get('fieldSelector')).every(([name, value]) => fields[name] === value)
  );
}
