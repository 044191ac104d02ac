import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { crdKinds, customResourceDefinition } from '../src/model/index.ts';

/** Writes `deploy/crds/`, one manifest for each kind, from the model's own schemas: `node deploy/crds.ts`. */
export function crdManifests(): ReadonlyMap<string, string> {
  const manifests = crdKinds.map((kind) => {
    const definition = customResourceDefinition(kind) as { readonly metadata: { readonly name: string } };
    const text = stringify(definition, { aliasDuplicateObjects: false, lineWidth: 120 });
    return [`${definition.metadata.name}.yaml`, text] as const;
  });
  return new Map(manifests);
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, 'crds');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of crdManifests()) writeFileSync(join(folder, name), text);
}
