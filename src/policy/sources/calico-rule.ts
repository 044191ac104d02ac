import * as z from 'zod';
import { type LabelMatches, sideExpression } from '../expression.ts';
import type { IcmpMatch, Rule, Side } from '../form.ts';
import { familyOfProtocol, protocolHasPorts } from '../protocol.ts';
import { nets, ports, protocol, selector } from './field.ts';

/** A rule of NetworkPolicy, GlobalNetworkPolicy and Profile (`projectcalico.org/v3`). */

const side = z.strictObject({
  nets: nets.nullish(),
  notNets: nets.nullish(),
  selector: selector.nullish(),
  notSelector: selector.nullish(),
  namespaceSelector: selector.nullish(),
  serviceAccounts: z.strictObject({ names: z.array(z.string()).nullish(), selector: selector.nullish() }).nullish(),
  services: z.strictObject({ name: z.string().min(1), namespace: z.string().nullish() }).nullish(),
  ports: ports.nullish(),
  notPorts: ports.nullish(),
});

const icmpNumber = z.number().int().min(0).max(255);
const icmp = z
  .strictObject({ type: icmpNumber.nullish(), code: icmpNumber.nullish() })
  .refine(({ type, code }) => (type ?? undefined) !== undefined || (code ?? undefined) === undefined, {
    error: 'a code needs a type',
    path: ['code'],
  });

export const calicoRule = z
  .strictObject({
    action: z.enum(['Allow', 'Deny', 'Log', 'Pass']),
    ipVersion: z.union([z.literal(4), z.literal(6)]).nullish(),
    protocol: protocol.nullish(),
    notProtocol: protocol.nullish(),
    icmp: icmp.nullish(),
    notICMP: icmp.nullish(),
    source: side.nullish(),
    destination: side.nullish(),
    http: z.undefined({ error: 'the kernel can’t see HTTP' }).optional(),
    metadata: z.looseObject({}).nullish(),
  })
  .superRefine((line, context) => {
    for (const end of ['source', 'destination'] as const) {
      for (const field of ['ports', 'notPorts'] as const) {
        const given = line[end]?.[field];
        // Ports that are not understood are told of already, and are no value here.
        if (given?.ranges === undefined || (given.ranges.length === 0 && given.names.length === 0)) continue;
        const isFree = line.protocol ? protocolHasPorts(line.protocol.number) : given.ranges.length === 0;
        if (!isFree)
          context.addIssue({ code: 'custom', path: [end, field], message: 'needs protocol TCP, UDP or SCTP' });
      }
    }
  });

/** `namespace` is the policy's; absent for a global one. */
export function convertCalicoRule(
  line: z.output<typeof calicoRule>,
  index: number,
  namespace: string | undefined,
): readonly Rule[] {
  const version = line.ipVersion ?? undefined;
  const implied = line.protocol ? familyOfProtocol(line.protocol.given) : undefined;
  // Of two families no packet is.
  if (version !== undefined && implied !== undefined && version !== implied) return [];
  return [
    {
      action: line.action,
      index,
      match: {
        ipVersion: version ?? implied,
        protocol: line.protocol?.number,
        notProtocol: line.notProtocol?.number,
        icmp: icmpOf(line.icmp),
        notIcmp: icmpOf(line.notICMP),
        source: sideOf(line.source ?? {}, namespace),
        destination: sideOf(line.destination ?? {}, namespace),
      },
    },
  ];
}

function icmpOf(given: z.output<typeof icmp> | null | undefined): IcmpMatch | undefined {
  if (given?.type === undefined || given.type === null) return undefined;
  return { type: given.type, code: given.code ?? undefined };
}

function sideOf(given: Partial<z.output<typeof side>>, namespace: string | undefined): Side {
  const accounts = given.serviceAccounts;
  const labels: LabelMatches = {
    selector: given.selector ?? undefined,
    notSelector: given.notSelector ?? undefined,
    namespaceSelector: given.namespaceSelector ?? undefined,
    serviceAccounts:
      accounts?.names?.length || accounts?.selector
        ? { names: accounts.names ?? [], selector: accounts.selector ?? undefined }
        : undefined,
  };
  const service = given.services ?? undefined;
  return {
    ...sideExpression(labels, namespace),
    nets: given.nets ?? undefined,
    notNets: given.notNets ?? undefined,
    ports: given.ports?.ranges.length || given.ports?.names.length ? given.ports : undefined,
    notPorts: given.notPorts ?? undefined,
    service: service && { name: service.name, namespace: service.namespace || namespace || '' },
  };
}
