/** A field of a resource by its path in JSON; undefined where the path ends early. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => {
    if (inner === null || typeof inner !== 'object') return undefined;
    return (inner as Record<string, unknown>)[key];
  }, value);
}

/** A string field; unset is the empty string, as in the API's types. */
export function textAt(value: unknown, path: string): string {
  const found = at(value, path);
  return found === undefined || found === null ? '' : goText(found);
}

/** A field that may be unset and whose type can tell: `<nil>`. */
export function pointerAt(value: unknown, path: string): string {
  return goText(at(value, path) ?? null);
}

export function flagAt(value: unknown, path: string): string {
  return at(value, path) === true ? 'true' : 'false';
}

export function listAt(value: unknown, path: string): readonly unknown[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

/** Prints a value as Go's `%v` does: lists as `[a b]`, maps as `map[k:v]`. Numbers are taken for integers. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, field]) => `${key}:${goText(field)}`).join(' ')}]`;
  }
  return String(value);
}

/** `%v` of a float64: with an exponent of two digits from a million on and below a ten-thousandth. */
export function goFloat(value: unknown): string {
  if (typeof value !== 'number') return goText(value);
  const [mantissa, power] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** A list as its items with the separator between them, a map as `key=value` pairs by key; cut to `limit` with `...`. */
export function join(value: unknown, separator: string, limit = 0): string {
  const items = Array.isArray(value)
    ? value.map(goText)
    : value !== null && typeof value === 'object'
      ? Object.entries(value)
          .map(([key, field]) => `${key}=${goText(field)}`)
          .sort()
      : value === undefined || value === null
        ? []
        : [goText(value)];
  const text = items.join(separator);
  return limit > 0 && text.length > limit ? `${text.slice(0, limit - 3)}...` : text;
}
