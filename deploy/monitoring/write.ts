import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { ruleFile, runbook } from './alert.ts';
import { ALERTS } from './alerts.ts';
import { dashboard } from './board.ts';
import { BOARDS } from './boards.ts';

const HEAD = '# Made from deploy/monitoring by `node deploy/monitoring/write.ts`.\n';
const yaml = (value: unknown): string => `${HEAD}${stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 })}`;

/**
 * Every file that is made from the alerts and the boards, by its path in the repository. `runbooks`: where the alerts' pages
 * are to be read, such as the address of a folder.
 */
export function monitoringFiles(runbooks?: string): ReadonlyMap<string, string> {
  const boards = BOARDS.map((board) => [board.uid, `${JSON.stringify(dashboard(board), null, 2)}\n`] as const);
  const alerts = Object.values(ALERTS).flat();
  const list = alerts.map(
    ({ name, severity, summary }) => `- [VRouter${name}](${name}.md) (${severity}): ${summary}.\n`,
  );
  return new Map([
    ['deploy/monitoring/vrouter.rules.yaml', yaml(ruleFile(ALERTS, runbooks))],
    ['deploy/monitoring/prometheusrule.yaml', yaml(prometheusRule(runbooks))],
    ['deploy/monitoring/kustomization.yaml', yaml(KUSTOMIZATION)],
    [
      'deploy/monitoring/grafana-dashboards.yaml',
      boards.map(([uid, text]) => `---\n${yaml(configMap(uid, text))}`).join(''),
    ],
    ...boards.map(([uid, text]) => [`deploy/monitoring/boards/${uid}.json`, text] as const),
    ['docs/runbooks/README.md', `# Runbooks\n\nOne page for each alert of deploy/monitoring.\n\n${list.join('')}`],
    ...alerts.map((alert) => [`docs/runbooks/${alert.name}.md`, runbook(alert)] as const),
  ]);
}

/** deploy/kustomize/monitoring asks for these by their folder: kustomize reads no file outside of its own. */
const KUSTOMIZATION = {
  apiVersion: 'kustomize.config.k8s.io/v1beta1',
  kind: 'Kustomization',
  resources: ['prometheusrule.yaml', 'grafana-dashboards.yaml'],
};

/** For those who run the Prometheus operator. */
function prometheusRule(runbooks?: string) {
  const metadata = { name: 'vrouter', namespace: 'kube-system', labels: { 'app.kubernetes.io/name': 'vrouter' } };
  return { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', metadata, spec: ruleFile(ALERTS, runbooks) };
}

/** As Grafana's sidecar finds boards. */
function configMap(uid: string, text: string) {
  const metadata = { name: `${uid}-board`, namespace: 'kube-system', labels: { grafana_dashboard: '1' } };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [`${uid}.json`]: text } };
}

if (import.meta.main) {
  for (const [path, text] of monitoringFiles(process.env['VROUTER_RUNBOOKS'])) {
    const file = join(import.meta.dirname, '../..', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
