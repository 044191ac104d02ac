import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { filled, interfaceName, name, portName, portProtocol } from './field.ts';
import { ip } from './network-field.ts';

export const hostEndpoint = defineKind({
  kind: 'HostEndpoint',
  plural: 'hostendpoints',
  aliases: ['hostendpoint', 'hostendpoints', 'hep', 'heps'],
  namespaced: false,
  name: 'subdomain',
  ownReader: true,
  spec: z
    .looseObject({
      node: filled(name, 'node must be specified'),
      interfaceName: interfaceName.optional(),
      expectedIPs: z.array(filled(ip)).optional(),
      profiles: z.array(filled(name)).optional(),
      ports: z
        .array(
          z.looseObject({ name: filled(portName), protocol: portProtocol, port: z.number().int().min(1).max(65535) }),
        )
        .optional(),
    })
    .refine((endpoint) => endpoint.interfaceName || (endpoint.expectedIPs?.length ?? 0) > 0, {
      error: 'at least one of interfaceName or expectedIPs must be specified',
      path: ['interfaceName'],
    }),
});

export type HostEndpointSpec = SpecOf<typeof hostEndpoint>;
export type HostEndpoint = Resource<'HostEndpoint', HostEndpointSpec>;
