import { Counter, Gauge, type Registry } from 'prom-client';

/** A label set and its value. */
export type MetricReading<Label extends string> = readonly [labels: Partial<Record<Label, string>>, value: number];

/** A gauge that is read when it is asked for. */
export function gauge<Label extends string>(
  registers: Registry[],
  name: string,
  help: string,
  labelNames: readonly Label[],
  read: () => readonly MetricReading<Label>[],
): void {
  new Gauge({
    name,
    help,
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.set(labels, value);
    },
  });
}

/** A counter that somebody else keeps. */
export function counter<Label extends string>(
  registers: Registry[],
  name: string,
  help: string,
  labelNames: readonly Label[],
  read: () => readonly MetricReading<Label>[],
): void {
  new Counter({
    name,
    help,
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.inc(labels, value);
    },
  });
}
