import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import {
  anyCase,
  cidr,
  duration,
  ip,
  ipv4,
  ipv6,
  logLevel,
  oneOf,
  portRange,
  protocol,
  routePriority,
  selector,
} from './field.ts';

const tcpPort = z.number().int().min(0).max(65535);
const mtu = z.number().int().min(0).max(65535);
const interfaceName = z.string().regex(/^[^/:\s]{1,15}$/, 'must be a name of at most 15 characters');
const switchable = oneOf('Enabled', 'Disabled');
const failsafePorts = z.array(z.looseObject({ protocol, port: tcpPort, net: cidr.optional() }));

/** The settings that vRouter acts on; Calico has some two hundred, and the rest are carried along. */
const spec = z.looseObject({
  allowIPIPPacketsFromWorkloads: z.boolean().optional(),
  allowVXLANPacketsFromWorkloads: z.boolean().optional(),
  chainInsertMode: oneOf('Insert', 'Append').optional(),
  defaultEndpointToHostAction: anyCase('Drop', 'Return', 'Accept').optional(),
  deviceRouteProtocol: z.number().int().min(0).max(255).optional(),
  deviceRouteSourceAddress: ipv4.optional(),
  deviceRouteSourceAddressIPv6: ipv6.optional(),
  removeExternalRoutes: z.boolean().optional(),
  disableConntrackInvalidCheck: z.boolean().optional(),
  endpointStatusPathPrefix: z.string().optional(),
  externalNodesList: z.array(z.string()).optional(),
  failsafeInboundHostPorts: failsafePorts.optional(),
  failsafeOutboundHostPorts: failsafePorts.optional(),
  floatingIPs: switchable.optional(),
  healthEnabled: z.boolean().optional(),
  healthHost: z.string().optional(),
  healthPort: tcpPort.optional(),
  interfaceExclude: z.string().optional(),
  interfacePrefix: z.string().optional(),
  interfaceRefreshInterval: duration.optional(),
  routeRefreshInterval: duration.optional(),
  ipForwarding: switchable.optional(),
  ipipEnabled: z.boolean().optional(),
  vxlanEnabled: z.boolean().optional(),
  ipipMTU: mtu.optional(),
  vxlanMTU: mtu.optional(),
  vxlanMTUV6: mtu.optional(),
  wireguardMTU: mtu.optional(),
  wireguardMTUV6: mtu.optional(),
  ipv4NormalRoutePriority: routePriority.optional(),
  ipv6NormalRoutePriority: routePriority.optional(),
  ipv4ElevatedRoutePriority: routePriority.optional(),
  ipv6ElevatedRoutePriority: routePriority.optional(),
  ipv6Support: z.boolean().optional(),
  iptablesFilterAllowAction: oneOf('Accept', 'Return').optional(),
  iptablesMangleAllowAction: oneOf('Accept', 'Return').optional(),
  iptablesFilterDenyAction: oneOf('Drop', 'Reject').optional(),
  iptablesMarkMask: z.number().int().min(0).max(0xffffffff).optional(),
  nftablesMarkMask: z.number().int().min(0).max(0xffffffff).optional(),
  nftablesRefreshInterval: duration.optional(),
  iptablesNATOutgoingInterfaceFilter: z
    .string()
    .regex(
      /^[a-zA-Z0-9:._-]{0,15}\+?$/,
      'must be the name of an interface, or with + at its end the beginning of names',
    )
    .optional(),
  logSeverityScreen: logLevel.optional(),
  logSeverityFile: logLevel.optional(),
  logSeveritySys: logLevel.optional(),
  logPrefix: z.string().optional(),
  mtuIfacePattern: z.string().refine(isPattern, 'must be a regular expression').optional(),
  natOutgoingAddress: ip.optional(),
  natPortRange: portRange.optional(),
  natOutgoingExclusions: oneOf('IPPoolsOnly', 'IPPoolsAndHostIPs').optional(),
  nftablesMode: oneOf('Enabled', 'Disabled', 'Auto').optional(),
  programClusterRoutes: oneOf('Enabled', 'Disabled', 'EnabledIPIPOnly', 'EnabledNoEncapOnly').optional(),
  prometheusMetricsEnabled: z.boolean().optional(),
  prometheusMetricsHost: z.string().optional(),
  prometheusMetricsPort: tcpPort.optional(),
  reportingInterval: duration.optional(),
  routeSource: oneOf('CalicoIPAM', 'WorkloadIPs').optional(),
  routeSyncDisabled: z.boolean().optional(),
  routeTableRanges: z.array(z.looseObject({ min: z.number().int(), max: z.number().int() })).optional(),
  serviceLoopPrevention: oneOf('Drop', 'Reject', 'Disabled').optional(),
  vxlanPort: tcpPort.optional(),
  vxlanVNI: z.number().int().min(0).max(0xffffff).optional(),
  wireguardEnabled: z.boolean().optional(),
  wireguardEnabledV6: z.boolean().optional(),
  wireguardListeningPort: tcpPort.optional(),
  wireguardListeningPortV6: tcpPort.optional(),
  wireguardInterfaceName: interfaceName.optional(),
  wireguardInterfaceNameV6: interfaceName.optional(),
  wireguardRoutingRulePriority: z.number().int().min(1).max(32765).optional(),
  wireguardHostEncryptionEnabled: z.boolean().optional(),
  wireguardKeepAlive: duration.optional(),
  workloadSourceSpoofing: oneOf('Disabled', 'Any').optional(),
  nodeSelector: selector.optional(),
});

export const felixConfiguration = defineKind({
  kind: 'FelixConfiguration',
  plural: 'felixconfigurations',
  aliases: ['felixconfiguration', 'felixconfigurations', 'felixconfig', 'felixconfigs'],
  namespaced: false,
  name: 'subdomain',
  spec,
});

export type FelixConfigurationSpec = SpecOf<typeof felixConfiguration>;
export type FelixConfiguration = Resource<'FelixConfiguration', FelixConfigurationSpec>;

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
