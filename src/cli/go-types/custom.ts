import { formatGoDuration, parseGoDuration } from '../../base/index.ts';
import { shown } from '../../model/index.ts';

/** The types that decode themselves. */
export type Custom = 'duration' | 'time' | 'port' | 'intOrString' | 'protocol' | 'asNumber';

/** The value, or what is wrong: a sentence of the type's own, or the type that Go expected there. */
interface Decoded {
  readonly value?: unknown;
  readonly error?: string;
  readonly expected?: 'string' | 'uint8' | 'uint16' | 'int32';
}

export function decodeCustom(kind: Custom, value: unknown): Decoded {
  switch (kind) {
    case 'duration':
      return duration(value);
    case 'time':
      return time(value);
    case 'port':
      return port(value);
    case 'intOrString':
      return intOrString(value);
    case 'protocol':
      return protocol(value);
    case 'asNumber':
      return asNumber(value);
  }
}

function duration(value: unknown): Decoded {
  if (typeof value !== 'string') return { expected: 'string' };
  const parsed = parseGoDuration(value);
  return 'error' in parsed ? parsed : { value: formatGoDuration(parsed.nanoseconds) };
}

function time(value: unknown): Decoded {
  if (typeof value !== 'string') return { expected: 'string' };
  const isTime = RFC_3339.test(value) && !Number.isNaN(Date.parse(value));
  return isTime ? { value } : { error: `parsing time "${shown(value)}" as "2006-01-02T15:04:05Z07:00"` };
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function intOrString(value: unknown): Decoded {
  const fits = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31;
  return fits || typeof value === 'string' ? { value } : { expected: 'int32' };
}

function port(value: unknown): Decoded {
  if (typeof value !== 'string') return within(value, 0xffff) ? { value } : { expected: 'uint16' };
  if (/^\d+$/.test(value)) {
    return Number(value) <= 0xffff ? { value: Number(value) } : { error: `invalid port format (${value})` };
  }
  const [, min, max] = /^(\d+):(\d+)$/.exec(value) ?? [];
  if (min !== undefined) {
    if (Number(min) > 0xffff) return { error: `invalid minimum port number in range (${value})` };
    if (Number(max) > 0xffff) return { error: `invalid maximum port number in range (${value})` };
    if (Number(min) > Number(max)) {
      const [low, high] = [Number(min), Number(max)];
      return { error: `minimum port number (${low}) is greater than maximum port number (${high}) in port range` };
    }
    return { value: min === max ? Number(min) : `${Number(min)}:${Number(max)}` };
  }
  return /^[a-zA-Z0-9_.-]{1,128}$/.test(value) ? { value } : { error: `invalid name for named port (${value})` };
}

/** Digits are a number; a name stays as it is, for the rules of the kind to judge. */
function protocol(value: unknown): Decoded {
  if (typeof value !== 'string') return within(value, 0xff) ? { value } : { expected: 'uint8' };
  if (/^\d+$/.test(value) && Number(value) <= 0xff) return { value: Number(value) };
  return { value };
}

function asNumber(value: unknown): Decoded {
  if (within(value, 0xffffffff)) return { value };
  if (typeof value !== 'string') return { expected: 'string' };
  if (/^\d{1,10}$/.test(value) && Number(value) <= 0xffffffff) return { value: Number(value) };
  const [, high, low] = /^(\d{1,5})\.(\d{1,5})$/.exec(value) ?? [];
  if (Number(high) <= 0xffff && Number(low) <= 0xffff) return { value: Number(high) * 0x10000 + Number(low) };
  return { error: `invalid AS Number format (${value})` };
}

function within(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;
}
