import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { ip, protocol } from './field.ts';

export const hostEndpoint = defineKind({
  kind: 'HostEndpoint',
  plural: 'hostendpoints',
  aliases: ['hostendpoint', 'hostendpoints', 'hep', 'heps'],
  namespaced: false,
  name: 'subdomain',
  spec: z
    .looseObject({
      node: z.string({ error: 'HostEndpoint node must be specified' }),
      interfaceName: z
        .string()
        .regex(/^(\*|[a-zA-Z0-9_.-]{0,15})$/, "must be '*' or the name of an interface")
        .optional(),
      expectedIPs: z.array(ip).optional(),
      profiles: z.array(z.string()).optional(),
      ports: z
        .array(z.looseObject({ name: z.string(), protocol, port: z.number().int().min(1).max(65535) }))
        .optional(),
    })
    .refine((endpoint) => endpoint.interfaceName || (endpoint.expectedIPs?.length ?? 0) > 0, {
      error: 'no interface name or expected IPs have been specified',
      path: ['interfaceName'],
    }),
});

export type HostEndpointSpec = SpecOf<typeof hostEndpoint>;
export type HostEndpoint = Resource<'HostEndpoint', HostEndpointSpec>;
