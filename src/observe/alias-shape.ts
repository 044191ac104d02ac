/** One series of a metric; `suffix` as in `_sum`, for summaries. */
export interface AliasSample {
  readonly suffix?: '_sum' | '_count' | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
/** The series of a metric of ours, by its name; of a histogram those of its sum and its count. */
export type ReadSamples = (name: string) => readonly AliasSample[];

/**
 * A metric under somebody else's name. Who has no `_total` where a counter belongs, or has it where none does, is said to be
 * untyped, so that Prometheus' own check has nothing to say.
 */
export interface Alias {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'summary' | 'untyped';
  readonly help: string;
  /** The metrics of ours that it is made from. */
  readonly from: readonly string[];
  readonly samples: (read: ReadSamples) => readonly AliasSample[];
}

export type AliasLabels = AliasSample['labels'];
interface Shape {
  /** Those series alone. */
  readonly where?: AliasLabels;
  /** Maps labels; series that become one are added up. Default: none are left. */
  readonly labels?: (labels: AliasLabels) => AliasLabels | readonly AliasLabels[];
  readonly value?: (value: number) => number;
}

const isOf = (labels: AliasLabels, where: AliasLabels): boolean =>
  Object.entries(where).every(([label, value]) => labels[label] === value);

/** The metric of ours in another shape. */
export function alias(
  name: string,
  type: Alias['type'],
  from: string,
  help: string,
  { where = {}, labels: shape = () => ({}), value: of = (value) => value }: Shape = {},
): Alias {
  const samples: Alias['samples'] = (read) => {
    const sums = new Map<string, AliasSample>();
    for (const { suffix, labels, value } of read(from)) {
      if (!isOf(labels, where)) continue;
      for (const shaped of [shape(labels)].flat()) {
        const key = `${suffix}${JSON.stringify(shaped)}`;
        sums.set(key, { suffix, labels: shaped, value: (sums.get(key)?.value ?? 0) + of(value) });
      }
    }
    return [...sums.values()];
  };
  return { name, type, help, from: [from], samples };
}
