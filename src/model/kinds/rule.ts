import * as z from 'zod';
import { annotationErrors } from '../metadata.ts';
import type { Known } from './definition.ts';
import { hasPorts, name, oneOf, port, protocol, selector, selectorOrGlobal } from './field.ts';
import { ruleNet } from './network-field.ts';

/** One line of a policy, and the two ends of the traffic that it is about. */

const services = z
  .looseObject({ name: name.max(253).optional(), namespace: name.max(253).optional() })
  .refine((match) => Boolean(match.name), { error: 'must specify a service name', path: ['name'] });

const entity = z
  .looseObject({
    nets: z.array(ruleNet).max(256).optional(),
    notNets: z.array(ruleNet).max(256).optional(),
    selector: selector.max(1024).optional(),
    notSelector: selector.max(1024).optional(),
    namespaceSelector: selectorOrGlobal.max(1024).optional(),
    services: services.optional(),
    ports: z.array(port).max(50).optional(),
    notPorts: z.array(port).max(50).optional(),
    serviceAccounts: z.looseObject({ names: z.array(z.string()).optional(), selector: selector.optional() }).optional(),
  })
  .superRefine((side, context) => {
    const wrong = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    side.notNets?.forEach((net, at) => {
      if (!net.endsWith('/0')) return;
      wrong(['notNets', at], 'catch-all CIDR in negation creates logical contradiction (matches no traffic)');
    });
    if (side.services === undefined) return;
    const excluded = (what: string): void =>
      wrong(['services'], `cannot specify ${what} and Services on the same rule`);
    if (side.namespaceSelector) excluded('NamespaceSelector');
    if (side.selector || side.notSelector) excluded('Selector/NotSelector');
    if (side.serviceAccounts !== undefined) excluded('ServiceAccounts');
    if (side.nets?.length || side.notNets?.length) excluded('Nets/NotNets');
  });

const icmp = z
  .looseObject({ type: z.number().int().min(0).max(254).optional(), code: z.number().int().min(0).max(255).optional() })
  .refine((value) => value.code === undefined || value.type !== undefined, {
    error: 'ICMP code specified without an ICMP type',
    path: ['code'],
  });

/** RFC 3986 §3.3: a path begins with a slash and ends before a query or a fragment. */
const path = z.string().max(1024);
const httpPath = z
  .looseObject({ exact: path.optional(), prefix: path.optional() })
  .refine((match) => !(match.exact && match.prefix), 'only one of exact and prefix may be set')
  .refine(
    (match) => /^\/[^? #]*$/.test(match.exact || match.prefix || ''),
    'needs exact or prefix: a path that begins with / and holds no space, ? or #',
  );

const http = z.looseObject({
  methods: z
    .array(z.string())
    .max(20)
    .refine((methods) => new Set(methods).size === methods.length, 'names a method twice')
    .optional(),
  paths: z.array(httpPath).max(20).optional(),
});

const metadata = z
  .looseObject({ annotations: z.record(z.string(), z.string()).optional() })
  .superRefine(({ annotations }, context) => {
    for (const { reason } of annotationErrors(annotations, ['annotations'])) {
      context.addIssue({ code: 'custom', path: ['annotations'], message: reason });
    }
  });

/** ICMP for each family, as rules name it. */
const icmpNames = { 4: ['ICMP', '1'], 6: ['ICMPv6', '58'] } as const;

export const rule = z
  .looseObject({
    action: oneOf('Allow', 'Deny', 'Log', 'Pass'),
    ipVersion: z.union([z.literal(4), z.literal(6)]).optional(),
    protocol: protocol.optional(),
    notProtocol: protocol.optional(),
    icmp: icmp.optional(),
    notICMP: icmp.optional(),
    source: entity.optional(),
    destination: entity.optional(),
    http: http.optional(),
    metadata: metadata.optional(),
  })
  .superRefine((line, context) => {
    const wrong = (at: string[], message: string): void => context.addIssue({ code: 'custom', path: at, message });
    for (const end of ['source', 'destination'] as const) {
      for (const field of ['ports', 'notPorts'] as const) {
        const ports = line[end]?.[field] ?? [];
        const areNamed = line.protocol === undefined && ports.every((one) => /[^0-9:]/.test(String(one)));
        if (ports.length === 0 || hasPorts(line.protocol) || areNamed) continue;
        wrong([end, field], 'rules that specify ports must set protocol to TCP or UDP or SCTP');
      }
    }
    checkFamilies(line, wrong);
    if (line.destination?.services !== undefined) {
      for (const field of ['ports', 'notPorts'] as const) {
        if (line.destination[field]?.length) {
          wrong(['destination', field], 'ports and notPorts cannot be specified with services');
        }
      }
    }
    if (
      line.icmp !== undefined &&
      !Object.values(icmpNames)
        .flat()
        .some((one) => one === String(line.protocol))
    ) {
      wrong(['icmp'], 'ICMP fields require protocol to be ICMP or ICMPv6');
    }
    if (line.http === undefined) return;
    if (line.action !== 'Allow') wrong(['http'], 'HTTP match is only valid on Allow rules');
    if (!['TCP', '6'].includes(String(line.protocol ?? 'TCP'))) {
      wrong(['http'], 'rules with HTTP match must have protocol TCP or unset');
    }
  });

interface Families {
  readonly ipVersion?: 4 | 6 | undefined;
  readonly protocol?: string | number | undefined;
  readonly notProtocol?: string | number | undefined;
  readonly source?: Ends;
  readonly destination?: Ends;
}
type Ends = { readonly nets?: string[] | undefined; readonly notNets?: string[] | undefined } | undefined;

/** All that a rule says is of one family. */
function checkFamilies(line: Families, wrong: (at: string[], message: string) => void): void {
  let seen: 4 | 6 | undefined = line.ipVersion;
  for (const end of ['source', 'destination'] as const) {
    for (const field of ['nets', 'notNets'] as const) {
      for (const net of line[end]?.[field] ?? []) {
        const family = net.includes(':') ? 6 : 4;
        seen ??= family;
        if (family === seen) continue;
        const isVersion = line.ipVersion !== undefined;
        wrong(
          [end, field],
          isVersion ? "rule IP version doesn't match CIDR version" : 'rule contains both IPv4 and IPv6 CIDRs',
        );
        break;
      }
    }
  }
  for (const family of [4, 6] as const) {
    const [text, number] = icmpNames[family];
    const named = [line.protocol, line.notProtocol].some((one) => String(one) === text || String(one) === number);
    if (named && line.ipVersion !== undefined && line.ipVersion !== family) {
      wrong(['ipVersion'], `protocol ${text} requires ipVersion ${family}`);
    }
  }
}

export type Rule = Known<z.output<typeof rule>>;
