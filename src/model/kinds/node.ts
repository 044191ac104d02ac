import * as z from 'zod';
import { isWireguardKey } from '../../base/index.ts';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { asNumber, mac } from './field.ts';
import { interfaceAddress, interfaceAddressV4, interfaceAddressV6, ipv4, ipv6 } from './network-field.ts';

const publicKey = z
  .string()
  .refine((text) => text === '' || isWireguardKey(text), 'must be a public key of WireGuard: 32 octets as base64');

const bgp = z
  .looseObject({
    asNumber: asNumber.optional(),
    /** With the prefix length of its subnet: `192.168.1.7/24`. */
    ipv4Address: interfaceAddressV4.optional(),
    ipv6Address: interfaceAddressV6.optional(),
    ipv4IPIPTunnelAddr: ipv4.optional(),
    routeReflectorClusterID: ipv4.optional(),
  })
  // A Node may get its AS number before its first start brings an address.
  .refine((value) => Object.values(value).some((field) => field !== undefined && field !== ''), {
    error: 'Spec.BGP should not be empty',
  });

export const node = defineKind({
  kind: 'Node',
  plural: 'nodes',
  aliases: ['node', 'nodes', 'no', 'nos'],
  namespaced: false,
  name: 'subdomain',
  spec: z.looseObject({
    bgp: bgp.optional(),
    ipv4VXLANTunnelAddr: ipv4.optional(),
    vxlanTunnelMACAddr: mac.optional(),
    ipv6VXLANTunnelAddr: ipv6.optional(),
    vxlanTunnelMACAddrV6: mac.optional(),
    orchRefs: z.array(z.looseObject({ nodeName: z.string().optional(), orchestrator: z.string() })).optional(),
    wireguard: z
      .looseObject({ interfaceIPv4Address: ipv4.optional(), interfaceIPv6Address: ipv6.optional() })
      .optional(),
    addresses: z.array(z.looseObject({ address: interfaceAddress, type: z.string().optional() })).optional(),
    interfaces: z
      .array(z.looseObject({ name: z.string().optional(), addresses: z.array(z.string()).optional() }))
      .optional(),
  }),
  status: z.looseObject({
    wireguardPublicKey: publicKey.optional(),
    wireguardPublicKeyV6: publicKey.optional(),
    podCIDRs: z.array(z.string()).optional(),
    /** On Kubernetes, where it is not so: the node takes what comes to services. */
    ready: z.boolean().optional(),
    /** On Kubernetes, where it is so: no pods come to the node any more (cordon). */
    unschedulable: z.boolean().optional(),
  }),
});

export type NodeSpec = SpecOf<typeof node>;

export interface NodeStatus {
  readonly wireguardPublicKey?: string | undefined;
  readonly wireguardPublicKeyV6?: string | undefined;
  readonly podCIDRs?: readonly string[] | undefined;
  readonly ready?: boolean | undefined;
  readonly unschedulable?: boolean | undefined;
}

/** A tunnel whose device has an address of its node's own, which the others read in the Node. */
export type TunnelAddressKind = 'wireguard' | 'wireguardV6' | 'ipip' | 'vxlan' | 'vxlanV6';

export type Node = Resource<'Node', NodeSpec, NodeStatus>;
