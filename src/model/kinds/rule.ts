import * as z from 'zod';
import { tryParsePrefix } from '../../base/index.ts';
import type { Known } from './definition.ts';
import { ipNetwork, oneOf, port, protocol, selector, selectorOrGlobal } from './field.ts';

/** One line of a policy, and the two ends of the traffic that it is about. */

const entity = z
  .looseObject({
    nets: z.array(ipNetwork).max(256).optional(),
    notNets: z.array(ipNetwork).max(256).optional(),
    selector: selector.max(1024).optional(),
    notSelector: selector.max(1024).optional(),
    namespaceSelector: selectorOrGlobal.max(1024).optional(),
    services: z.looseObject({ name: z.string().optional(), namespace: z.string().optional() }).optional(),
    ports: z.array(port).max(50).optional(),
    notPorts: z.array(port).max(50).optional(),
    serviceAccounts: z.looseObject({ names: z.array(z.string()).optional(), selector: selector.optional() }).optional(),
  })
  .superRefine((side, context) => {
    side.notNets?.forEach((net, at) => {
      if (!net.endsWith('/0')) return;
      const message = 'catch-all CIDR in negation creates logical contradiction (matches no traffic)';
      context.addIssue({ code: 'custom', path: ['notNets', at], message });
    });
    if (side.services === undefined) return;
    const others = ['selector', 'notSelector', 'namespaceSelector', 'nets', 'notNets', 'serviceAccounts'] as const;
    for (const other of others) {
      const value = side[other];
      if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) continue;
      context.addIssue({ code: 'custom', path: ['services'], message: `cannot be used together with ${other}` });
    }
  });

const icmp = z
  .looseObject({ type: z.number().int().min(0).max(254).optional(), code: z.number().int().min(0).max(255).optional() })
  .refine((value) => value.code === undefined || value.type !== undefined, {
    error: 'ICMP code specified without an ICMP type',
    path: ['code'],
  });

const portProtocols = ['TCP', 'UDP', 'SCTP', 6, 17, 132, '6', '17', '132'] as readonly (string | number | undefined)[];

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
    http: z
      .looseObject({
        methods: z.array(z.string()).max(20).optional(),
        paths: z
          .array(z.looseObject({ exact: z.string().optional(), prefix: z.string().optional() }))
          .max(20)
          .optional(),
      })
      .optional(),
    metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).optional() }).optional(),
  })
  .superRefine((line, context) => {
    const sides = [line.source, line.destination];
    const wrong = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });
    const usesPorts = sides.some((side) => (side?.ports?.length ?? 0) + (side?.notPorts?.length ?? 0) > 0);
    if (usesPorts && !portProtocols.includes(line.protocol)) {
      wrong(['protocol'], 'rules that specify ports must set protocol to TCP or UDP or SCTP');
    }
    const families = new Set<number | undefined>(
      sides
        .flatMap((side) => [...(side?.nets ?? []), ...(side?.notNets ?? [])])
        .map((net) => (net.includes('/') ? tryParsePrefix(net)?.family : net.includes(':') ? 6 : 4)),
    );
    if (line.ipVersion !== undefined) families.add(line.ipVersion);
    if (families.size > 1) wrong(['source'], 'rule contains both IPv4 and IPv6 CIDRs');
    if (line.destination?.services !== undefined && usesPorts && (line.destination.ports?.length ?? 0) > 0) {
      wrong(['destination', 'ports'], 'cannot be used together with services');
    }
    if (line.http !== undefined && (line.action !== 'Allow' || (line.protocol ?? 'TCP') !== 'TCP')) {
      wrong(['http'], 'http is only allowed in a rule with action Allow and protocol TCP');
    }
  });

export type Rule = Known<z.output<typeof rule>>;
