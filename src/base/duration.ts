/** Nanoseconds of each unit that Go reads; micro has two letters that look alike. */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

type Parsed = { readonly nanoseconds: bigint } | { readonly error: string };

/** A duration as Go's `time.ParseDuration` reads it, with its words for what can't be read. */
export function parseGoDuration(text: string): Parsed {
  const invalid = { error: `time: invalid duration ${JSON.stringify(text)}` };
  const unsigned = text.replace(/^[-+]/, '');
  if (unsigned === '0') return { nanoseconds: 0n };
  if (unsigned === '') return invalid;
  let total = 0n;
  for (let rest = unsigned; rest !== ''; ) {
    const [, whole, fraction = '', unit] = /^(\d*)(?:\.(\d*))?([^\d.]*)/.exec(rest) ?? [];
    if (whole === '' && fraction === '') return invalid;
    if (unit === '') return { error: `time: missing unit in duration ${JSON.stringify(text)}` };
    if (!Object.hasOwn(UNITS, unit)) {
      return { error: `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}` };
    }
    const scale = UNITS[unit];
    total += BigInt(whole || 0) * scale + (BigInt(fraction || 0) * scale) / 10n ** BigInt(fraction.length);
    if (total > 2n ** 63n - 1n) return invalid;
    const used = whole.length + unit.length + (rest[whole.length] === '.' ? fraction.length + 1 : 0);
    rest = rest.slice(used);
  }
  return { nanoseconds: text.startsWith('-') ? -total : total };
}

/** The same in milliseconds; undefined when it isn't one, or negative. */
export function parseDuration(text: string): number | undefined {
  const parsed = parseGoDuration(text);
  return 'error' in parsed || parsed.nanoseconds < 0n ? undefined : Number(parsed.nanoseconds) / 1e6;
}

/** As Go's `time.Duration` prints itself: `2m5s`, `1.5ms`, `0s`. */
export function formatGoDuration(nanoseconds: bigint): string {
  if (nanoseconds < 0n) return `-${formatGoDuration(-nanoseconds)}`;
  if (nanoseconds === 0n) return '0s';
  const unit = (['ns', 'µs', 'ms'] as const).find((name) => nanoseconds < UNITS[name] * 1000n);
  if (unit !== undefined) return decimal(nanoseconds, UNITS[unit], unit);
  const hours = nanoseconds / UNITS['h'];
  const minutes = (nanoseconds / UNITS['m']) % 60n;
  const seconds = decimal(nanoseconds % UNITS['m'], UNITS['s'], 's');
  if (hours > 0n) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${minutes}m${seconds}` : seconds;
}

function decimal(value: bigint, scale: bigint, unit: string): string {
  const fraction = String((value % scale) + scale)
    .slice(1)
    .replace(/0+$/, '');
  return `${value / scale}${fraction === '' ? '' : `.${fraction}`}${unit}`;
}
