import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { overlayFiles } from '../kustomize/overlays.ts';
import { chartFile, HEAD, templates, valuesFile, valuesSchema } from './chart.ts';

const root = join(import.meta.dirname, '../..');
const CHART = 'deploy/helm/vrouter';

/**
 * Every file that is made from deploy/vrouter.yaml, deploy/rbac.yaml and the values: the chart's own and kustomize's, by
 * path in the repository. What the chart has besides (_helpers.tpl, monitoring.yaml, NOTES.txt) is written by hand, and its
 * crds/ and files/ are links.
 */
export function clusterFiles(): ReadonlyMap<string, string> {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  const { version, description } = JSON.parse(read('package.json'));
  const manifests = { 'rbac.yaml': read('deploy/rbac.yaml'), 'vrouter.yaml': read('deploy/vrouter.yaml') };
  const made = templates(manifests['vrouter.yaml'], manifests['rbac.yaml']);
  return new Map([
    [`${CHART}/Chart.yaml`, chartFile(version, description)],
    [`${CHART}/values.yaml`, valuesFile()],
    [`${CHART}/values.schema.json`, valuesSchema()],
    ...[...made].map(([name, text]) => [`${CHART}/templates/${name}`, HEAD + text] as const),
    ...overlayFiles(manifests),
  ]);
}

if (import.meta.main) {
  for (const [path, text] of clusterFiles()) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
