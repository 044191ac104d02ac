import * as z from 'zod';
import { addressBits, equalAddress, tryParseInterfaceAddress } from '../../base/index.ts';
import type { FieldError } from '../errors.ts';
import { qosControls } from '../qos/index.ts';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { filled, interfaceName, mac, name, portName, portProtocol } from './field.ts';
import { SUBDOMAIN } from './kubernetes-names.ts';
import { cidr, ipNetwork, ipv4, ipv6 } from './network-field.ts';

function isHostNetwork(text: string): boolean {
  const at = tryParseInterfaceAddress(text);
  return at !== undefined && at.length === addressBits(at.address.family);
}

const hostNetwork = z.string().refine(isHostNetwork, 'must be one address: a /32, or /128 for IPv6');

/**
 * The form that Calico's API takes. CNI lets a runtime use dots and underscores too, as containerd's `ctr` does
 * (`k8s.io-NAME`).
 */
const CONTAINER_ID = /^([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)?$/;

/**
 * Rules for writers alone: whoever reads an endpoint takes it as its runtime named it, and one without interface has
 * addresses.
 */
function writersErrors(spec: unknown): readonly FieldError[] {
  const { containerID, interfaceName: device } = spec as { containerID?: string; interfaceName?: string };
  const errors: FieldError[] = [];
  if (!device) errors.push({ name: 'InterfaceName', value: device, reason: 'must be specified' });
  if (containerID !== undefined && !CONTAINER_ID.test(containerID)) {
    const reason = 'must be letters, digits and dashes, with a letter or digit at either end';
    errors.push({ name: 'ContainerID', value: containerID, reason });
  }
  return errors;
}

const nat = z
  .looseObject({ internalIP: ipNetwork, externalIP: ipNetwork })
  .refine(({ internalIP, externalIP }) => internalIP.includes(':') === externalIP.includes(':'), {
    error: 'mismatched IP versions',
    path: ['externalIP'],
  });

const port = z
  .looseObject({
    name: portName.optional(),
    protocol: portProtocol,
    port: z.number().int().min(1).max(65535),
    hostPort: z.number().int().min(0).max(65535).optional(),
    hostIP: z.union([z.literal(''), ipNetwork]).optional(),
  })
  .refine((mapping) => Boolean(mapping.name || mapping.hostPort), {
    error: 'must not be empty if no HostPort is specified',
    path: ['name'],
  });

const INTERFACE = /^[a-zA-Z0-9_.-]{1,15}$/;
const MAC = /^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/;

function isName(value: unknown): boolean {
  return typeof value === 'string' && SUBDOMAIN.test(value);
}

function isPlainField(field: string, value: unknown): boolean {
  switch (field) {
    case 'orchestrator':
    case 'workload':
    case 'node':
    case 'pod':
    case 'endpoint':
    case 'serviceAccountName':
      return isName(value);
    case 'containerID':
      return typeof value === 'string' && value !== '';
    case 'ipNetworks':
      return Array.isArray(value) && value.every((item) => typeof item === 'string' && isHostNetwork(item));
    case 'profiles':
      return Array.isArray(value) && value.every(isName);
    case 'interfaceName':
      return typeof value === 'string' && INTERFACE.test(value);
    case 'mac':
      return typeof value === 'string' && MAC.test(value);
    default:
      return false;
  }
}

export const workloadEndpoint = defineKind({
  kind: 'WorkloadEndpoint',
  plural: 'workloadendpoints',
  aliases: ['workloadendpoint', 'workloadendpoints', 'wep', 'weps'],
  namespaced: true,
  name: 'any',
  rules: (_name, spec) => writersErrors(spec),
  plain: (spec) => Object.keys(spec).every((field) => isPlainField(field, spec[field])),
  spec: z
    .looseObject({
      orchestrator: name.optional(),
      workload: name.optional(),
      node: name.optional(),
      containerID: z.string().optional(),
      pod: name.optional(),
      endpoint: name.optional(),
      serviceAccountName: name.optional(),
      ipNetworks: z.array(hostNetwork).optional(),
      ipNATs: z.array(nat).optional(),
      ipv4Gateway: ipv4.optional(),
      ipv6Gateway: ipv6.optional(),
      profiles: z.array(filled(name)).optional(),
      /** The host end of its veth. */
      interfaceName: interfaceName.optional(),
      mac: mac.optional(),
      ports: z.array(port).optional(),
      allowSpoofedSourcePrefixes: z.array(filled(cidr)).optional(),
      qosControls: qosControls.optional(),
    })
    .superRefine(({ ipNATs, ipNetworks }, context) => {
      ipNATs?.forEach(({ internalIP }, at) => {
        const inside = ipNetworks?.some((network) => {
          const own = tryParseInterfaceAddress(network)?.address;
          const internal = tryParseInterfaceAddress(internalIP)?.address;
          return own !== undefined && internal !== undefined && equalAddress(own, internal);
        });
        if (inside) return;
        const message = 'NAT is not in the endpoint networks';
        context.addIssue({ code: 'custom', path: ['ipNATs', at, 'internalIP'], message });
      });
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
