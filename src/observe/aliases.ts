import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import type { AliasSet } from './alias-names.ts';
import type { AliasSample, ReadSamples } from './alias-shape.ts';
import { ALIASES } from './alias-table.ts';

/** A metric of the registry, as prom-client shows it. */
export type ShownMetric = MetricObjectWithValues<MetricValue<string>>;

/** The same metrics by others' names, as exposition text. Nothing is counted twice: all of it is read from `metrics`. */
export function aliasText(metrics: readonly ShownMetric[], sets: readonly AliasSet[]): string {
  const known = new Map(metrics.map((metric) => [metric.name, metric.values.flatMap(sampleOf(metric.name))]));
  const read: ReadSamples = (name) => known.get(name) ?? [];
  return sets
    .flatMap((set) => ALIASES[set])
    .map(({ name, type, help, samples }) => {
      const lines = samples(read).map(
        ({ suffix = '', labels, value }) => `${name}${suffix}${shown(labels)} ${value}\n`,
      );
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    })
    .join('');
}

/** Of a histogram its sum and its count. */
const sampleOf =
  (name: string) =>
  ({ metricName = name, labels, value }: MetricValue<string> & { metricName?: string }): readonly AliasSample[] => {
    const texts = Object.fromEntries(Object.entries(labels).map(([label, text]) => [label, String(text)]));
    if (metricName === name) return [{ labels: texts, value }];
    const suffix = (['_sum', '_count'] as const).find((end) => metricName === name + end);
    return suffix === undefined ? [] : [{ suffix, labels: texts, value }];
  };

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '"': '\\"' };

function shown(labels: AliasSample['labels']): string {
  const pairs = Object.entries(labels).map(
    ([label, text]) => `${label}="${text.replaceAll(/[\\\n"]/g, (letter) => ESCAPES[letter])}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
