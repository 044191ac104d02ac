import * as z from 'zod';
import type { Resource } from '../resource.ts';
import { defineKind, type SpecOf } from './definition.ts';
import { otherSettings } from './felix-other-settings.ts';
import {
  anyCase,
  duration,
  filled,
  interfaceName,
  logLevel,
  oneOf,
  pattern,
  portRange,
  routePriority,
  selector,
} from './field.ts';
import { cidr, cidrv4, ipv4, ipv6 } from './network-field.ts';

const tcpPort = z.number().int().min(0).max(65535);
const mtu = z.number().int().min(0).max(65535);
const flag = z.boolean();
const text = z.string();
const integer = z.number().int();
const bits32 = z.number().int().min(0).max(0xffffffff);
const switchable = oneOf('Enabled', 'Disabled');
const failsafePorts = z.array(
  z.looseObject({ protocol: oneOf('TCP', 'UDP', 'SCTP').optional(), port: tcpPort, net: cidr.optional() }),
);
const host = z.string().regex(/^([a-zA-Z0-9:._+-]{1,64})?$/, 'must be an address or the name of a host');
/** A device's name, or with `+` at its end the beginning of names. */
const interfaceFilter = z
  .string()
  .regex(
    /^([a-zA-Z0-9:._+-]{1,15})?$/,
    'must be the name of an interface, or with + at its end the beginning of names',
  );
/** Linux numbers tables with 32 bits. */
const tableRange = z
  .looseObject({ min: z.number().int().min(1, 'min must be >= 1'), max: z.number().int().max(0xffffffff) })
  .refine(({ min, max }) => min <= max, { error: 'min must not be greater than max', path: ['min'] });
/** All of its numbers are tried at the start. */
const MOST_TABLES = 0xffff;
const tableRanges = z.array(tableRange).superRefine((ranges, context) => {
  const tables = ranges.reduce((sum, { min, max }) => sum + Math.max(0, max - min + 1), 0);
  if (tables > MOST_TABLES) {
    context.addIssue({ code: 'custom', message: `targets too many tables: ${tables}, more than ${MOST_TABLES}` });
  }
});
const oldTableRange = z
  .looseObject({ min: integer, max: integer })
  .refine(
    ({ min, max }) => min >= 1 && min <= max && max <= 250,
    'must be a range of route table indices within 1..250',
  );

/** The fields that vRouter acts on. */
const own = {
  allowIPIPPacketsFromWorkloads: flag.optional(),
  allowVXLANPacketsFromWorkloads: flag.optional(),
  chainInsertMode: anyCase('Insert', 'Append').optional(),
  defaultEndpointToHostAction: anyCase('Drop', 'Return', 'Accept').optional(),
  deviceRouteProtocol: z.number().int().min(0).max(255).optional(),
  deviceRouteSourceAddress: ipv4.optional(),
  deviceRouteSourceAddressIPv6: ipv6.optional(),
  removeExternalRoutes: flag.optional(),
  disableConntrackInvalidCheck: flag.optional(),
  endpointStatusPathPrefix: text.optional(),
  externalNodesList: z.array(filled(cidrv4)).optional(),
  failsafeInboundHostPorts: failsafePorts.optional(),
  failsafeOutboundHostPorts: failsafePorts.optional(),
  floatingIPs: switchable.optional(),
  healthEnabled: flag.optional(),
  healthHost: text.optional(),
  healthPort: tcpPort.optional(),
  interfaceExclude: text.optional(),
  interfacePrefix: text.optional(),
  interfaceRefreshInterval: duration.optional(),
  routeRefreshInterval: duration.optional(),
  ipForwarding: switchable.optional(),
  ipipEnabled: flag.optional(),
  vxlanEnabled: flag.optional(),
  ipipMTU: mtu.optional(),
  vxlanMTU: mtu.optional(),
  vxlanMTUV6: mtu.optional(),
  wireguardMTU: mtu.optional(),
  wireguardMTUV6: mtu.optional(),
  ipv4NormalRoutePriority: routePriority.optional(),
  ipv6NormalRoutePriority: routePriority.optional(),
  ipv4ElevatedRoutePriority: routePriority.optional(),
  ipv6ElevatedRoutePriority: routePriority.optional(),
  ipv6Support: flag.optional(),
  iptablesFilterAllowAction: anyCase('Accept', 'Return').optional(),
  iptablesMangleAllowAction: anyCase('Accept', 'Return').optional(),
  iptablesFilterDenyAction: anyCase('Drop', 'Reject').optional(),
  iptablesMarkMask: bits32.optional(),
  nftablesMarkMask: bits32.optional(),
  nftablesRefreshInterval: duration.optional(),
  iptablesNATOutgoingInterfaceFilter: interfaceFilter.optional(),
  logSeverityScreen: logLevel.optional(),
  logSeverityFile: logLevel.optional(),
  logSeveritySys: logLevel.optional(),
  logPrefix: z
    .string()
    .regex(/^[a-zA-Z0-9%: /_-]*$/, 'must be letters, digits, spaces and % : / _ -')
    .optional(),
  mtuIfacePattern: pattern.optional(),
  natOutgoingAddress: ipv4.optional(),
  natPortRange: portRange.optional(),
  natOutgoingExclusions: oneOf('IPPoolsOnly', 'IPPoolsAndHostIPs').optional(),
  nftablesMode: oneOf('Enabled', 'Disabled', 'Auto').optional(),
  programClusterRoutes: oneOf('Enabled', 'Disabled', 'EnabledIPIPOnly', 'EnabledNoEncapOnly').optional(),
  prometheusMetricsEnabled: flag.optional(),
  prometheusMetricsHost: host.optional(),
  prometheusMetricsPort: tcpPort.optional(),
  reportingInterval: duration.optional(),
  routeSource: anyCase('CalicoIPAM', 'WorkloadIPs').optional(),
  routeSyncDisabled: flag.optional(),
  routeTableRange: oldTableRange.optional(),
  routeTableRanges: tableRanges.optional(),
  serviceLoopPrevention: anyCase('Drop', 'Reject', 'Disabled').optional(),
  vxlanPort: tcpPort.optional(),
  vxlanVNI: z.number().int().min(0).max(0xffffff).optional(),
  wireguardEnabled: flag.optional(),
  wireguardEnabledV6: flag.optional(),
  wireguardListeningPort: tcpPort.min(1).optional(),
  wireguardListeningPortV6: tcpPort.min(1).optional(),
  wireguardInterfaceName: interfaceName.optional(),
  wireguardInterfaceNameV6: interfaceName.optional(),
  wireguardRoutingRulePriority: z.number().int().min(1).max(32765).optional(),
  wireguardHostEncryptionEnabled: flag.optional(),
  wireguardKeepAlive: duration.optional(),
  workloadSourceSpoofing: anyCase('Disabled', 'Any').optional(),
  nodeSelector: selector.optional(),
};

export const felixConfiguration = defineKind({
  kind: 'FelixConfiguration',
  plural: 'felixconfigurations',
  aliases: ['felixconfiguration', 'felixconfigurations', 'felixconfig', 'felixconfigs'],
  namespaced: false,
  // Half a list, or none, may be the half by which nobody gets in any more.
  guards: ['failsafeInboundHostPorts', 'failsafeOutboundHostPorts'],
  name: 'subdomain',
  essential: ['nodeSelector'],
  spec: z.looseObject({ ...own, ...otherSettings }).superRefine((config, context) => {
    if (config.routeTableRange === undefined || config.routeTableRanges === undefined) return;
    const message = 'routeTableRange and routeTableRanges cannot both be set';
    context.addIssue({ code: 'custom', path: ['routeTableRange'], message });
  }),
});

export type FelixConfigurationSpec = SpecOf<typeof felixConfiguration>;
export type FelixConfiguration = Resource<'FelixConfiguration', FelixConfigurationSpec>;
