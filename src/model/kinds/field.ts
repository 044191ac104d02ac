import * as z from 'zod';
import { reasonOf, tryParseAddress, tryParseInterfaceAddress, tryParsePrefix } from '../../base/index.ts';
import { parseSelector, usesGlobal } from '../selector/index.ts';

/** The pieces that specs are made of. Objects are loose everywhere: a field that we don't know is carried along. */

export const cidr = z
  .string()
  .refine((text) => tryParsePrefix(text) !== undefined, 'must be a CIDR such as 10.0.0.0/16');

export const ip = z.string().refine((text) => tryParseAddress(text) !== undefined, 'must be an IP address');

export const ipv4 = z.string().refine((text) => tryParseAddress(text)?.family === 4, 'must be an IPv4 address');

export const ipv6 = z.string().refine((text) => tryParseAddress(text)?.family === 6, 'must be an IPv6 address');

export const cidrv4 = z.string().refine((text) => tryParsePrefix(text)?.family === 4, 'must be an IPv4 CIDR');

export const cidrv6 = z.string().refine((text) => tryParsePrefix(text)?.family === 6, 'must be an IPv6 CIDR');

/** `10.0.0.1/24` or `10.0.0.1`. */
export const interfaceAddressV4 = z
  .string()
  .refine((text) => tryParseInterfaceAddress(text)?.address.family === 4, 'must be an IPv4 address or CIDR');

export const interfaceAddressV6 = z
  .string()
  .refine((text) => tryParseInterfaceAddress(text)?.address.family === 6, 'must be an IPv6 address or CIDR');

/** An address or a CIDR. */
export const ipNetwork = z
  .string()
  .refine((text) => tryParseInterfaceAddress(text) !== undefined, 'must be an IP address or a CIDR');

/** A label selector (`selector/`). */
export const selector = z.string().superRefine((text, context) => checkSelector(text, false, context));

/** One in which `global()` may stand: things without a namespace. */
export const selectorOrGlobal = z.string().superRefine((text, context) => checkSelector(text, true, context));

function checkSelector(text: string, globalAllowed: boolean, context: z.RefinementCtx): void {
  try {
    if (globalAllowed || !usesGlobal(parseSelector(text))) return;
    const message = 'global() can only be used in an EntityRule namespaceSelector';
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

/** Go's duration text: `90s`, `1h15m0s`. */
export const duration = z
  .string()
  .regex(/^-?(0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$/, 'must be a duration such as 90s or 1h30m');

/** A port, a range `min:max`, or the name of a port. */
export const port = z.union([z.number().int().min(0).max(65535), z.string().regex(/^[a-zA-Z0-9_.:-]{1,128}$/)]);

/** Ports as one number or `min:max`; 0 stands for none. */
export const portRange = z.union([
  z.number().int().min(0).max(65535),
  z.string().refine((text) => {
    const [, min, max = min] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text) ?? [];
    return min !== undefined && Number(min) <= Number(max) && Number(max) <= 65535;
  }, 'must be a port or a range such as 32768:60999'),
]);

export const protocol = z.union([
  z.number().int().min(1).max(255),
  z
    .string()
    .regex(/^(TCP|UDP|ICMP|ICMPv6|SCTP|UDPLite|[0-9]{1,3})$/, 'must be TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite or 1-255'),
]);

/** One of these words, in any case. */
export function anyCase(...words: readonly string[]) {
  const pattern = words.map((word) =>
    word.replace(/[a-z]/gi, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`),
  );
  return z.string().regex(new RegExp(`^(${pattern.join('|')})$`), `must be one of ${words.join(', ')}`);
}

export const logLevel = anyCase('Trace', 'Debug', 'Info', 'Warning', 'Error', 'Fatal');

/** The name or pattern of an interface. */
export const interfacePattern = z.string().regex(/^[a-zA-Z0-9_.*-]{1,15}$/, 'must be an interface name or pattern');

/** `aa:nn` of 16 bits each, or `aa:nn:mm` of 32. */
export const communityValue = z.string().refine((text) => {
  const parts = text.split(':');
  const limit = parts.length === 2 ? 0xffff : parts.length === 3 ? 0xffffffff : -1;
  return parts.every((part) => /^[0-9]{1,10}$/.test(part) && Number(part) <= limit);
}, 'must be a community aa:nn (16 bits each) or aa:nn:mm (32 bits each)');

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
