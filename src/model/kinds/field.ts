import * as z from 'zod';
import { goPattern, reasonOf } from '../../base/index.ts';
import { lineage } from '../schema.ts';
import { parseSelector, usesGlobal } from '../selector/index.ts';
import {
  isLabelValue,
  isPortName,
  isQualifiedName,
  LABEL_VALUE,
  QUALIFIED_NAME,
  SUBDOMAIN,
} from './kubernetes-names.ts';

/** The pieces that specs are made of. Objects are loose everywhere: a field that we don't know is carried along. */

/** Text that passes a test, or is empty: as good as absent. */
export function text(passes: (value: string) => boolean, message: string) {
  return z.string().refine((value) => value === '' || passes(value), message);
}

/** The same, but not empty. */
export function filled(schema: z.ZodString, message = 'must be specified'): z.ZodString {
  return schema.refine((value) => value !== '', message);
}

/** A name as Kubernetes has them: a DNS subdomain. */
export const name = text((value) => SUBDOMAIN.test(value), 'must be a DNS subdomain such as node-1.example');

export const portName = text(
  isPortName,
  'must be the name of a port: at most 15 lower-case letters, digits and dashes, one letter among them',
);

/** Octets as net.ParseMAC reads them: 6, 8 or 20, in pairs or in fours. */
export const mac = text((value) => {
  const pairs = /^[0-9a-f]{2}([:-][0-9a-f]{2})+$/i.test(value) && new Set(value.replace(/[0-9a-f]/gi, '')).size === 1;
  const fours = /^[0-9a-f]{4}(\.[0-9a-f]{4})+$/i.test(value);
  return (pairs || fours) && [6, 8, 20].includes(value.replace(/[^0-9a-f]/gi, '').length / 2);
}, 'must be a MAC address such as 66:0a:1b:2c:3d:4e');

/** A regular expression, as Go reads it. */
export const pattern = text((value) => {
  try {
    goPattern(value);
    return true;
  } catch {
    return false;
  }
}, 'must be a regular expression');

/** The name of a network device. */
export const interfaceName = z
  .string()
  .regex(/^(\*|[a-zA-Z0-9_.-]{1,15})?$/, 'must be the name of an interface, of at most 15 characters');

/** Labels that something is to get. */
export const labels = z.record(z.string(), z.string()).superRefine((map, context) => {
  for (const [key, value] of Object.entries(map)) {
    if (!isQualifiedName(key)) context.addIssue({ code: 'custom', path: [key], message: QUALIFIED_NAME });
    if (!isLabelValue(value)) context.addIssue({ code: 'custom', path: [key], message: LABEL_VALUE });
  }
});

/** A label selector (`selector/`). */
export const selector = z.string().superRefine((text, context) => checkSelector(text, false, context));

/** One that may be `global()`, and nothing else then: things without a namespace. */
export const selectorOrGlobal = z.string().superRefine((text, context) => checkSelector(text, true, context));

function checkSelector(text: string, globalAllowed: boolean, context: z.RefinementCtx): void {
  try {
    if (!usesGlobal(parseSelector(text)) || (globalAllowed && text.trim() === 'global()')) return;
    const message = globalAllowed
      ? 'global() cannot be combined with other selectors'
      : 'global() can only be used in an EntityRule namespaceSelector';
    context.addIssue({ code: 'custom', message });
  } catch (error) {
    context.addIssue({ code: 'custom', message: reasonOf(error) });
  }
}

/** A 32-bit AS number; read as a number, digits, or asdot (`1.10`). */
export const asNumber = z.union([z.number(), z.string()]).transform((value, context) => {
  const number = typeof value === 'number' ? value : asNumberOf(value);
  if (Number.isInteger(number) && number >= 0 && number <= 0xffffffff) return number;
  context.addIssue({
    code: 'custom',
    message: 'must be an AS number: 0-4294967295 or two 16-bit numbers such as 1.10',
  });
  return z.NEVER;
});

function asNumberOf(text: string): number {
  if (/^[0-9]{1,10}$/.test(text)) return Number(text);
  const dotted = /^([0-9]{1,5})\.([0-9]{1,5})$/.exec(text);
  const high = Number(dotted?.[1]);
  const low = Number(dotted?.[2]);
  return high <= 0xffff && low <= 0xffff ? high * 0x10000 + low : Number.NaN;
}

/** Go's duration text: `90s`, `1h15m0s`, `.5s`. */
export const duration = z
  .string()
  .regex(/^[-+]?(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$/, 'must be a duration such as 90s or 1h30m');

/** A port, a range `min:max`, or the name of a port. */
export const port = z.union([
  z.number().int().min(1).max(65535),
  z
    .string()
    .refine(
      (value) => portsOf(value, 1) !== undefined || (/[^0-9:]/.test(value) && isPortName(value)),
      'must be a port between 1 and 65535, a range such as 8000:8080, or the name of a port',
    ),
]);

/** Ports as one number or `min:max`; 0 stands for none. */
export const portRange = z.union([
  z.number().int().min(0).max(65535),
  z.string().refine((value) => portsOf(value, 0) !== undefined, 'must be a port or a range such as 32768:60999'),
]);

/** Ports as one number or `min:max`. */
export const numericPort = z.union([
  z.number().int().min(1).max(65535),
  z.string().refine((value) => portsOf(value, 1) !== undefined, 'must be a port or a range such as 30000:32767'),
]);

function portsOf(text: string, least: number): readonly [min: number, max: number] | undefined {
  const [, first, last = first] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text) ?? [];
  const [min, max] = [Number(first), Number(last)];
  return first !== undefined && min >= least && min <= max && max <= 65535 ? [min, max] : undefined;
}

export const protocol = z.union([
  z.number().int().min(1).max(255),
  z
    .string()
    .regex(
      /^(TCP|UDP|ICMP|ICMPv6|SCTP|UDPLite|0*([1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))$/,
      'must be TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite or 1-255',
    ),
]);

/** Whether a protocol has ports. */
export function hasPorts(value: unknown): boolean {
  return ['TCP', 'UDP', 'SCTP', '6', '17', '132'].includes(String(value));
}

/** One that has ports. */
export const portProtocol = protocol.refine(hasPorts, 'must be TCP, UDP or SCTP');

const spellings = new WeakMap<z.ZodType, readonly string[]>();

/** The words of a schema that takes them in any case. */
export function wordsOf(schema: z.ZodType): readonly string[] | undefined {
  return lineage(schema)
    .map((one) => spellings.get(one))
    .find((words) => words !== undefined);
}

/** One of these words, in any case, or nothing. */
export function anyCase<const Words extends readonly string[]>(...words: Words) {
  const alternatives = words.map((word) =>
    word.replace(/[a-z]/gi, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`),
  );
  const schema = z.string().regex(new RegExp(`^(${alternatives.join('|')})?$`), `must be one of ${words.join(', ')}`);
  spellings.set(schema, words);
  // `settle.ts` brings it to the case that stands here for all that act on it.
  return schema as unknown as z.ZodType<Words[number], string>;
}

export const logLevel = anyCase('Trace', 'Debug', 'Info', 'Warning', 'Error', 'Fatal');

/** The name or pattern of an interface. */
export const interfacePattern = z.string().regex(/^[a-zA-Z0-9_.*-]{1,15}$/, 'must be an interface name or pattern');

/** `aa:nn` of 16 bits each, or `aa:nn:mm` of 32. */
export function isCommunity(text: string): boolean {
  const parts = text.split(':');
  const limit = parts.length === 2 ? 0xffff : parts.length === 3 ? 0xffffffff : -1;
  return parts.every((part) => /^[0-9]{1,10}$/.test(part) && Number(part) <= limit);
}

export const communityValue = z
  .string()
  .refine(isCommunity, 'must be a community aa:nn (16 bits each) or aa:nn:mm (32 bits each)');

/** Between pods' and hosts' routes, metric. */
export const routePriority = z.number().int().min(1).max(2147483646);

/** An integer that may exceed what a number holds exactly: Calico's nanosecond sequence numbers. */
export const uint64 = z
  .custom<bigint | number>(
    (value) =>
      typeof value === 'bigint' ? value >= 0n && value < 1n << 64n : Number.isSafeInteger(value) && Number(value) >= 0,
    'must be an unsigned 64-bit integer',
  )
  .meta({ type: 'integer', format: 'int64' })
  .transform((value) => BigInt(value));

export const secretKeyRef = z.looseObject({
  secretKeyRef: z.looseObject({ name: z.string(), key: z.string(), optional: z.boolean().optional() }).optional(),
});

export function oneOf<const Values extends readonly [string, ...string[]]>(...values: Values) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}
