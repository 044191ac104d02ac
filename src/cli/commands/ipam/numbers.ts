/** Five digits that matter, with an exponent for what has more of them: `65536`, `1.6777e+07`. */
export function shortNumber(value: bigint): string {
  const [mantissa, power] = Number(value).toExponential(4).split('e');
  const exponent = Number(power);
  if (exponent < 5) return String(value);
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return `${short}e+${String(exponent).padStart(2, '0')}`;
}

/** A number and its share of the whole: `5 (8%)`. */
export function percentage(part: bigint, whole: bigint): string {
  const share = whole === 0n ? 0 : (100 * Number(part)) / Number(whole);
  return `${shortNumber(part)} (${share.toFixed(0)}%)`;
}
