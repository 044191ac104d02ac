/** Go's duration text (`120s`, `2m30s`) in seconds. */
export function seconds(duration: string | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const units = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 } as const;
  let sum = 0;
  for (const [, number, unit] of duration.matchAll(/([\d.]+)(h|ms|us|µs|ns|m|s)/g))
    sum += Number(number) * units[unit as keyof typeof units];
  return sum;
}
