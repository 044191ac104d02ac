import * as z from 'zod';
import { type Prefix, prefix, tryParseInterfaceAddress } from '../../base/index.ts';
import { parseSelector, type Selector, SelectorError } from '../../model/index.ts';
import type { Ports } from '../form.ts';
import { protocolNumber } from '../protocol.ts';

/** The pieces of rules. Each is strict: what it does not understand is an issue, and the rule then fails closed. */

/** A CIDR, whose host bits are ignored, or an address. */
export const net = z.string().transform((text, context): Prefix => {
  const read = tryParseInterfaceAddress(text);
  if (read !== undefined) return prefix(read.address, read.length);
  context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is no CIDR such as 10.0.0.0/16` });
  return z.NEVER;
});

export const nets = z.array(net);

/** An empty text is the same as an absent one. */
export const selector = z.string().transform((text, context): Selector | undefined => {
  if (text.trim() === '') return undefined;
  try {
    return parseSelector(text);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

/** A name or a number; the text is kept, as by its name ICMP is about one family. */
export const protocol = z.union([z.string(), z.number()]).transform((given, context) => {
  const number = protocolNumber(given);
  if (number !== undefined) return { number, given };
  context.addIssue({ code: 'custom', message: `${JSON.stringify(given)} is no protocol` });
  return z.NEVER;
});

const portNumber = z.number().int().min(0).max(65_535);

/** Calico's names of ports, of which Kubernetes' are some: those have a letter, and so a range with a slip in it is none. */
const PORT_NAME = /^(?=.*[a-zA-Z])[a-zA-Z0-9_.-]{1,128}$/;
export const portName = z.string().regex(PORT_NAME, {
  error: ({ input }) => `${JSON.stringify(input)} is no port: 80, a range as 80:90, or a name with a letter in it`,
});

/** A number, a range `first:last`, or a name, as Calico's rules have them. */
export const ports = z.array(z.union([portNumber, z.string().min(1)])).transform((given, context): Ports => {
  const ranges: [number, number][] = [];
  const names: string[] = [];
  for (const port of given) {
    const numbers = /^(\d+)(?::(\d+))?$/.exec(String(port));
    if (numbers === null) {
      const name = portName.safeParse(port);
      if (!name.success) {
        context.addIssue({ code: 'custom', message: name.error.issues[0].message });
        return z.NEVER;
      }
      names.push(name.data);
      continue;
    }
    const first = Number(numbers[1]);
    const last = Number(numbers[2] ?? first);
    if (last > 65_535 || first > last) {
      context.addIssue({ code: 'custom', message: `${JSON.stringify(port)} is no range of ports` });
      return z.NEVER;
    }
    ranges.push([first, last]);
  }
  return { ranges, names };
});

/** The first issue as a field and a reason, for a status. */
export function firstIssue(error: z.ZodError): { readonly field: string; readonly reason: string } {
  const [issue] = error.issues;
  const nested = issue.code === 'unrecognized_keys' ? [issue.keys[0]] : [];
  const field = [...issue.path, ...nested].map(String).join('.');
  return { field, reason: nested.length > 0 ? 'is not known' : issue.message };
}
