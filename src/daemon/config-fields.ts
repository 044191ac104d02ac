import * as z from 'zod';
import {
  type Address,
  containsAddress,
  goPattern,
  parsePrefix,
  reasonOf,
  tryParseAddress,
  tryParseInterfaceAddress,
  tryParsePrefix,
} from '../base/index.ts';
import { asNumber } from '../calc/index.ts';
import { LONGEST_PATH } from '../control/index.ts';
import { ALIAS_SETS, type AliasSet, LOG_LEVELS, type LogLevel } from '../observe/index.ts';

/**
 * The pieces that the daemon's settings are made of: each takes the text of an environment, and says what is allowed.
 */

/** The words that Go's `strconv.ParseBool` reads, in any case, and others that people write. */
const TRUE = /^(1|t|true|y|yes|on|enabled)$/i;
const FALSE = /^(0|f|false|n|no|off|disabled)$/i;

export const flag = z
  .union([z.boolean(), z.string()])
  .refine((value) => TRUE.test(String(value)) || FALSE.test(String(value)), 'true or false')
  .transform((value) => TRUE.test(String(value)));

export function whole(min: number, max: number) {
  return z
    .union([z.number(), z.string()])
    .transform((value) => (typeof value === 'string' && !/^\d+$/.test(value) ? Number.NaN : Number(value)))
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, `a whole number from ${min} to ${max}`);
}

/** Calico accepts several spellings for an encapsulation in the environment. */
const ENCAPSULATIONS = new Map<string, 'Always' | 'Never' | 'CrossSubnet'>([
  ['always', 'Always'],
  ['on', 'Always'],
  ['true', 'Always'],
  ['never', 'Never'],
  ['off', 'Never'],
  ['false', 'Never'],
  ['crosssubnet', 'CrossSubnet'],
  ['cross-subnet', 'CrossSubnet'],
]);
export const encapsulation = z
  .string()
  .refine((text) => ENCAPSULATIONS.has(text.toLowerCase()), 'Always, CrossSubnet or Never')
  .transform((text) => ENCAPSULATIONS.get(text.toLowerCase()) ?? 'Never');

/** Calico's manifests write it in capitals. */
export const endpointToHost = z
  .string()
  .transform((text) => `${text.slice(0, 1).toUpperCase()}${text.slice(1).toLowerCase()}`)
  .pipe(z.enum(['Drop', 'Return', 'Accept'], 'DROP, RETURN or ACCEPT'));

export const denyAction = z
  .string()
  .transform((text) => `${text.slice(0, 1).toUpperCase()}${text.slice(1).toLowerCase()}`)
  .pipe(z.enum(['Drop', 'Reject'], 'DROP or REJECT'));

/** The rules of a pool are those of `IPPool`: see `default-pools.ts`. */
export const poolCidr = (family: 4 | 6) =>
  z
    .string()
    .refine((text) => text === 'none' || tryParsePrefix(text)?.family === family, `an IPv${family} CIDR, or 'none'`);

export const nodeAddress = (family: 4 | 6) =>
  z
    .string()
    .refine(
      (text) => ['autodetect', 'none', ''].includes(text) || tryParseInterfaceAddress(text)?.address.family === family,
      `an IPv${family} address with or without prefix length, 'autodetect' or 'none'`,
    )
    .refine((text) => {
      const address = tryParseInterfaceAddress(text)?.address;
      return address === undefined || !isNobodys(address);
    }, "an address that other nodes can reach a host at, 'autodetect' or 'none'");

/** Addresses that no other host can reach one at. Those of the loopback are a cluster on one machine. */
const NOBODYS = ['0.0.0.0/8', '224.0.0.0/4', '255.255.255.255/32', '::/128', '::ffff:0:0/96', 'fe80::/10', 'ff00::/8'];

function isNobodys(address: Address): boolean {
  return NOBODYS.map((cidr) => parsePrefix(cidr)).some(
    (block) => block.family === address.family && containsAddress(block, address),
  );
}

/** As Felix has them. */
const HOST = /^[a-zA-Z0-9:._+-]{1,64}$/;

export const host = z.string().regex(HOST, 'a host name or an address');

export const socketPath = z
  .string()
  .min(1, 'a path')
  .refine((path) => Buffer.byteLength(path) <= LONGEST_PATH, `a path of at most ${LONGEST_PATH} octets`);

/** The devices of the daemon's own, and the loopback. */
const OWN_DEVICES = ['lo', 'tunl0', 'vxlan.calico', 'vxlan-v6.calico', 'wireguard.cali', 'wg-v6.cali'];

export const interfacePrefix = z
  .string()
  .regex(/^[A-Za-z0-9]{1,4}$/, 'one to four letters or digits')
  .refine(
    (text) => !OWN_DEVICES.some((device) => device.startsWith(text)),
    `one to four letters or digits with which none of ${OWN_DEVICES.join(', ')} begins`,
  );

const METHODS =
  'first-found, can-reach=HOST, interface=REGEX, skip-interface=REGEX, cidr=CIDR or kubernetes-internal-ip';

export const autodetection = (family: 4 | 6) =>
  z.string().superRefine((text, context) => {
    const wrong = methodProblem(text, family);
    if (wrong !== undefined) context.addIssue({ code: 'custom', message: wrong });
  });

/** Tells what is allowed in the method's place; undefined when it can be followed. */
function methodProblem(text: string, family: 4 | 6): string | undefined {
  const [, method, argument = ''] = /^([a-z-]+)(?:=(.*))?$/s.exec(text) ?? [];
  const parts = argument.split(',').map((part) => part.trim());
  switch (method) {
    case 'first-found':
      return undefined;
    case 'kubernetes-internal-ip':
      return argument === '' ? undefined : METHODS;
    case 'can-reach': {
      if (argument.trim() === '') return METHODS;
      if (!HOST.test(argument.trim())) return 'can-reach=HOST with a host name or an address';
      const other = tryParseAddress(argument.trim());
      return other !== undefined && other.family !== family ? `can-reach=HOST with an IPv${family} address` : undefined;
    }
    case 'interface':
    case 'skip-interface': {
      if (argument.trim() === '') return METHODS;
      const wrong = parts.map(expressionProblem).find((problem) => problem !== undefined);
      return wrong === undefined ? undefined : `${method}= with regular expressions, separated by commas: ${wrong}`;
    }
    case 'cidr':
      if (argument.trim() === '') return METHODS;
      return parts.every((part) => tryParsePrefix(part)?.family === family)
        ? undefined
        : `cidr= with IPv${family} CIDRs such as ${family === 4 ? '10.0.0.0/16' : 'fd00::/64'}, separated by commas`;
    default:
      return METHODS;
  }
}

function expressionProblem(text: string): string | undefined {
  try {
    goPattern(text);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

export const level = z
  .string()
  .transform((text) => text.toLowerCase())
  .refine((text) => Object.hasOwn(LOG_LEVELS, text), Object.keys(LOG_LEVELS).join(', '))
  .transform((text) => text as LogLevel);

/** Separated by commas; empty: as if it were absent. */
export const cidrs = z
  .string()
  .refine(
    (text) => split(text).every((part) => tryParsePrefix(part) !== undefined),
    'CIDRs such as 10.96.0.0/12, separated by commas',
  )
  .transform((text) => (split(text).length === 0 ? undefined : split(text)));

function split(text: string): readonly string[] {
  return text.split(',').flatMap((part) => part.trim() || []);
}

const ALIASES: readonly string[] = ALIAS_SETS;
const words = (text: string): readonly string[] => text.split(',').map((word) => word.trim().toLowerCase());

/** Empty: none. */
export const metricAliases = z
  .string()
  .refine(
    (text) => text === '' || words(text).every((word) => ALIASES.includes(word)),
    `some of ${ALIAS_SETS.join(', ')}, separated by commas`,
  )
  .transform((text) => [...new Set(text === '' ? [] : words(text))] as readonly AliasSet[]);

/** Four octets (RFC 6793), as a number or as two 16-bit numbers (RFC 5396); 0 stands for nobody (RFC 7607). */
export const asn = z.string().refine((text) => {
  const halves = /^(\d{1,5})\.(\d{1,5})$/.exec(text);
  if (halves === null ? !/^\d{1,10}$/.test(text) : halves.slice(1).some((half) => Number(half) > 0xffff)) return false;
  const value = asNumber(text) ?? 0;
  return value >= 1 && value <= 0xffffffff;
}, 'an AS number such as 64512 or 1.10: from 1 to 4294967295');

/** RFC 6286: any four octets but zero; groups are nobody's either. */
export const routerId = z.string().refine((text) => {
  if (text === 'hash') return true;
  const first = Number(text.split('.')[0]);
  return tryParseAddress(text)?.family === 4 && text !== '0.0.0.0' && !(first >= 224 && first <= 239);
}, "a dotted quad that is neither 0.0.0.0 nor a multicast address, or 'hash'");

/** Case is kept, as calico/node keeps it; blank is as good as none. */
export const nodename = z
  .string()
  .transform((text) => text.trim())
  .refine(
    (text) =>
      text === '' ||
      (text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/i.test(text)),
    'a DNS name such as node1',
  );
