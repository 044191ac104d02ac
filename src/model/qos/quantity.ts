/** Decimal suffixes as powers of ten. */
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
/** Binary suffixes as powers of two. */
const BINARY: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };
const QUANTITY = /^([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i)|([numkMGTPE]?)|[eE]([+-]?\d{1,2}))$/;
/** No quantity that means something is longer. */
const LONGEST = 40;

/**
 * A quantity as Kubernetes writes it (`500k`, `1.5M`, `2Gi`, `1e6`), as a whole number, rounded up; undefined for any
 * other text.
 */
export function parseQuantity(text: string): bigint | undefined {
  const found = text.length > LONGEST ? null : QUANTITY.exec(text);
  if (found === null) return undefined;
  const [, sign, whole, fraction = '', binary, decimal = '', exponent] = found;
  const digits = whole + fraction;
  if (digits === '') return undefined;
  const powerOfTen = (exponent === undefined ? DECIMAL[decimal] : Number(exponent)) - fraction.length;
  const above = 10n ** BigInt(Math.max(powerOfTen, 0)) * (binary === undefined ? 1n : 1n << BINARY[binary]);
  const below = 10n ** BigInt(Math.max(-powerOfTen, 0));
  return roundUp((sign === '-' ? -1n : 1n) * BigInt(digits) * above, below);
}

function roundUp(value: bigint, by: bigint): bigint {
  const rest = value % by;
  return value / by + (rest > 0n ? 1n : 0n);
}
