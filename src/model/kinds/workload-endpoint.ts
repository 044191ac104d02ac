import * as z from 'zod';
import { addressBits, tryParseInterfaceAddress } from '../../base/index.ts';
import { qosControls } from '../qos/index.ts';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { cidr, ip, ipv4, ipv6, protocol } from './field.ts';

const hostNetwork = z.string().refine((text) => {
  const at = tryParseInterfaceAddress(text);
  return at !== undefined && at.length === addressBits(at.address.family);
}, 'must be one address: a /32, or /128 for IPv6');

export const workloadEndpoint = defineKind({
  kind: 'WorkloadEndpoint',
  plural: 'workloadendpoints',
  aliases: ['workloadendpoint', 'workloadendpoints', 'wep', 'weps'],
  namespaced: true,
  name: 'any',
  spec: z.looseObject({
    orchestrator: z.string().optional(),
    workload: z.string().optional(),
    node: z.string().optional(),
    containerID: z.string().optional(),
    pod: z.string().optional(),
    endpoint: z.string().optional(),
    serviceAccountName: z.string().optional(),
    ipNetworks: z.array(hostNetwork).optional(),
    ipNATs: z.array(z.looseObject({ internalIP: ip, externalIP: ip })).optional(),
    ipv4Gateway: ipv4.optional(),
    ipv6Gateway: ipv6.optional(),
    profiles: z.array(z.string()).optional(),
    interfaceName: z.string().optional(),
    mac: z.string().optional(),
    ports: z
      .array(
        z.looseObject({
          name: z.string().optional(),
          protocol,
          port: z.number().int().min(1).max(65535),
          hostPort: z.number().int().min(0).max(65535).optional(),
          hostIP: z.string().optional(),
        }),
      )
      .optional(),
    allowSpoofedSourcePrefixes: z.array(cidr).optional(),
    qosControls: qosControls.optional(),
  }),
});

export type WorkloadEndpointSpec = SpecOf<typeof workloadEndpoint>;
export type IPNAT = NonNullable<WorkloadEndpointSpec['ipNATs']>[number];

/** `ipNATs` for floating IPs: each leads to the endpoint's address of its family, if it has one. */
export function ipNATsOf(floatingIps: readonly string[], ipNetworks: readonly string[]): readonly IPNAT[] {
  return floatingIps.flatMap((externalIP) => {
    const network = ipNetworks.find((cidr) => cidr.includes(':') === externalIP.includes(':'));
    return network === undefined ? [] : [{ internalIP: network.replace(/\/\d+$/, ''), externalIP }];
  });
}
export type WorkloadEndpoint = Resource<'WorkloadEndpoint', WorkloadEndpointSpec>;
