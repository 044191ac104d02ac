import type { FelixConfigurationSpec } from '../../model/index.ts';
import { ACTED_ON, type EffectsOf, each, noEffect, unmet } from './effect.ts';

const METRICS = 'metrics, where they are on, are served without TLS to whoever reaches their port';

/** FelixConfiguration, field by field. */
export const felixEffects: EffectsOf<FelixConfigurationSpec> = {
  ...each(['allowIPIPPacketsFromWorkloads', 'allowVXLANPacketsFromWorkloads', 'externalNodesList'], ACTED_ON),
  ...each(['deviceRouteSourceAddress', 'deviceRouteSourceAddressIPv6', 'floatingIPs', 'ipForwarding'], ACTED_ON),
  ...each(['ipipMTU', 'vxlanMTU', 'vxlanMTUV6', 'wireguardMTU', 'wireguardMTUV6', 'mtuIfacePattern'], ACTED_ON),
  ...each(['nftablesMarkMask', 'iptablesMarkMask', 'routeTableRanges', 'iptablesNATOutgoingInterfaceFilter'], ACTED_ON),
  ...each(['natOutgoingAddress', 'natPortRange', 'natOutgoingExclusions', 'serviceLoopPrevention'], ACTED_ON),
  ...each(['vxlanPort', 'vxlanVNI', 'workloadSourceSpoofing', 'wireguardRoutingRulePriority'], ACTED_ON),
  ...each(['wireguardEnabled', 'wireguardEnabledV6', 'wireguardHostEncryptionEnabled', 'wireguardKeepAlive'], ACTED_ON),
  ...each(['wireguardListeningPort', 'wireguardListeningPortV6'], ACTED_ON),
  ...each(['wireguardInterfaceName', 'wireguardInterfaceNameV6'], ACTED_ON),

  ...each(['localSubnetL2Reachability', 'localSubnetL2ReachabilityRefreshInterval'], ACTED_ON),

  ...each(['defaultEndpointToHostAction', 'failsafeInboundHostPorts', 'failsafeOutboundHostPorts'], ACTED_ON),
  ...each(['iptablesFilterDenyAction', 'nftablesFilterDenyAction'], ACTED_ON),
  flowLogsLocalReporter: ACTED_ON,
  ...each(['disableConntrackInvalidCheck', 'logPrefix', 'logActionRateLimit', 'logActionRateLimitBurst'], ACTED_ON),
  maxIpsetSize: ACTED_ON,

  ...each(
    ['prometheusMetricsCAFile', 'prometheusMetricsCertFile', 'prometheusMetricsClientAuth', 'prometheusMetricsKeyFile'],
    unmet(METRICS),
  ),
  prometheusMetricsHost: unmet('metrics listen where FELIX_PROMETHEUSMETRICSHOST in the environment says'),
  policySyncPathPrefix: unmet('there is no policy of the application layer'),
  nodeSelector: unmet(
    'a FelixConfiguration is for all nodes (default) or for one (node.NAME): all of it counts as absent',
  ),
  bpfEnabled: unmet('there is no eBPF dataplane: services need kube-proxy', (value) => value === true),
  awsSrcDstCheck: unmet('the check of AWS stays as it is', (value) => value === 'Enable'),

  ...each(
    [
      ...(['iptablesFilterAllowAction', 'iptablesMangleAllowAction'] as const),
      ...(['nftablesFilterAllowAction', 'nftablesMangleAllowAction'] as const),
      ...(['chainInsertMode', 'kubeNodePortRanges'] as const),
      ...(['genericXDPEnabled', 'xdpEnabled', 'xdpRefreshInterval', 'sidecarAccelerationEnabled'] as const),
      ...(['flowLogsCollectorDebugTrace', 'flowLogsFlushInterval', 'flowLogsGoldmaneServer'] as const),
      ...(['flowLogsPolicyEvaluationMode', 'debugDisableLogDropping'] as const),
    ],
    noEffect('of how Felix renders policy: what is allowed is accepted'),
  ),
  ...each(
    [
      ...(['bpfAttachType', 'bpfCTLBLogFilter', 'bpfConnectTimeLoadBalancing', 'bpfConntrackLogLevel'] as const),
      ...(['bpfConnectTimeLoadBalancingEnabled', 'bpfConntrackMode', 'bpfConntrackTimeouts'] as const),
      ...(['bpfDSROptoutCIDRs', 'bpfDataIfacePattern', 'bpfDisableGROForIfaces', 'bpfDisableUnprivileged'] as const),
      ...(['bpfEnforceRPF', 'bpfExcludeCIDRsFromNAT', 'bpfExportBufferSizeMB', 'bpfExtToServiceConnmark'] as const),
      ...(['bpfExternalServiceMode', 'bpfForceTrackPacketsFromIfaces', 'bpfHostConntrackBypass'] as const),
      ...(['bpfHostNetworkedNATWithoutCTLB', 'bpfJITHardening', 'bpfKubeProxyEndpointSlicesEnabled'] as const),
      ...(['bpfKubeProxyHealthzPort', 'bpfKubeProxyIptablesCleanupEnabled', 'bpfKubeProxyMinSyncPeriod'] as const),
      ...(['bpfL3IfacePattern', 'bpfLogFilters', 'bpfLogLevel', 'bpfMaglevMaxEndpointsPerService'] as const),
      ...(['bpfMaglevMaxServices', 'bpfMapSizeConntrack', 'bpfMapSizeConntrackCleanupQueue'] as const),
      ...(['bpfMapSizeConntrackScaling', 'bpfMapSizeIPSets', 'bpfMapSizeIfState', 'bpfMapSizeNATAffinity'] as const),
      ...(['bpfMapSizeNATBackend', 'bpfMapSizeNATFrontend', 'bpfMapSizePerCpuConntrack', 'bpfMapSizeRoute'] as const),
      ...(['bpfPSNATPorts', 'bpfPolicyDebugEnabled', 'bpfProfiling', 'bpfRedirectToPeer', 'cgroupV2Path'] as const),
    ],
    noEffect(
      'of the eBPF dataplane, which is not there: bpfEnabled says so; whose address pods send from is checked always',
    ),
  ),
  ...each(
    [
      ...(['healthEnabled', 'healthHost', 'healthPort', 'interfaceExclude', 'interfacePrefix', 'logFilePath'] as const),
      ...(['interfaceRefreshInterval', 'routeRefreshInterval', 'logSeverityScreen', 'logSeverityFile'] as const),
      ...(['logSeveritySys', 'logDebugFilenameRegex', 'prometheusMetricsEnabled', 'prometheusMetricsPort'] as const),
      ...(['prometheusGoMetricsEnabled', 'prometheusProcessMetricsEnabled'] as const),
      ...(['prometheusWireGuardMetricsEnabled', 'requireMTUFile'] as const),
    ],
    noEffect('of the daemon itself, which has its settings from its environment'),
  ),
  ...each(
    [
      ...(['deviceRouteProtocol', 'removeExternalRoutes', 'ipipEnabled', 'vxlanEnabled', 'routeSource'] as const),
      ...(['ipv4NormalRoutePriority', 'ipv6NormalRoutePriority', 'ipv4ElevatedRoutePriority'] as const),
      ...(['ipv6ElevatedRoutePriority', 'ipv6Support', 'programClusterRoutes', 'routeSyncDisabled'] as const),
      ...(['routeTableRange', 'wireguardThreadingEnabled', 'nftablesMode'] as const),
      ...(['nftablesRefreshInterval', 'nftablesFlowTableOffload', 'ipsetsRefreshInterval', 'iptablesBackend'] as const),
      ...(['iptablesLockFilePath', 'iptablesLockProbeInterval', 'iptablesLockTimeout'] as const),
      ...(['iptablesPostWriteCheckInterval', 'iptablesRefreshInterval', 'netlinkTimeout'] as const),
    ],
    noEffect('of how Felix works: routes and tables are kept here in another way'),
  ),
  ...each(
    [
      ...(['endpointStatusPathPrefix', 'endpointReportingDelay', 'endpointReportingEnabled'] as const),
      ...(['reportingInterval', 'reportingTTL', 'usageReportingEnabled', 'usageReportingInterval'] as const),
      ...(['usageReportingInitialDelay', 'healthTimeoutOverrides', 'dataplaneDriver'] as const),
      ...(['dataplaneWatchdogTimeout', 'useInternalDataplaneDriver', 'featureDetectOverride', 'featureGates'] as const),
      ...(['debugHost', 'debugPort', 'debugMemoryProfilePath', 'debugSimulateCalcGraphHangAfter'] as const),
      ...(['debugSimulateDataplaneApplyDelay', 'debugSimulateDataplaneHangAfter', 'goGCThreshold'] as const),
      ...(['goMaxProcs', 'goMemoryLimitMB', 'metadataAddr', 'metadataPort', 'openstackRegion'] as const),
      ...(['windowsManageFirewallRules', 'istioAmbientMode', 'istioDSCPMark'] as const),
    ],
    noEffect('of reports, of debugging, or of what is not there (Go, OpenStack, Windows, Istio)'),
  ),
};
