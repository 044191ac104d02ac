/** One alert and its page for those whom it wakes. */
export interface Alert {
  /** As Alertmanager has it; without the prefix `VRouter` also the name of its page in docs/runbooks. */
  readonly name: string;
  /** PromQL. */
  readonly expr: string;
  /** How long it must hold: `2m`. */
  readonly for: string;
  readonly severity: 'critical' | 'warning' | 'info';
  readonly summary: string;
  /** May name labels and the value: `{{ $labels.peer }}`. */
  readonly description: string;
  /** What it means for traffic, in a sentence or two. */
  readonly impact: string;
  /** What to look at, most likely cause first; each a line of Markdown. */
  readonly look: readonly string[];
  /** What mends it; each a line of Markdown. */
  readonly mend: readonly string[];
}

/** Where the pages are in this repository; whoever has them elsewhere says where (`VROUTER_RUNBOOKS`, and in the chart). */
export const RUNBOOKS = 'docs/runbooks';

/** The alerts as a file of rules for Prometheus, with where their pages are; also the `spec` of a PrometheusRule. */
export function ruleFile(groups: Readonly<Record<string, readonly Alert[]>>, runbooks = RUNBOOKS) {
  return {
    groups: Object.entries(groups).map(([group, alerts]) => ({
      name: `vrouter-${group}`,
      rules: alerts.map((alert) => ({
        alert: `VRouter${alert.name}`,
        expr: alert.expr,
        for: alert.for,
        labels: { severity: alert.severity },
        annotations: {
          summary: alert.summary,
          description: alert.description,
          runbook_url: `${runbooks}/${alert.name}.md`,
        },
      })),
    })),
  };
}

/** The page of an alert, as Markdown. */
export function runbook({ name, expr, for: time, severity, summary, impact, look, mend }: Alert): string {
  const list = (lines: readonly string[]): string => lines.map((line, at) => `${at + 1}. ${line}`).join('\n');
  return [
    `# VRouter${name}`,
    `${summary}. Severity: ${severity}; after ${time} of`,
    `    ${expr}`,
    '## What it means',
    impact,
    '## What to look at',
    list(look),
    '## What mends it',
    list(mend),
    '',
  ].join('\n\n');
}
