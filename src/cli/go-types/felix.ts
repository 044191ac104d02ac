/** The settings of Felix by the type that Calico's API gives them: vRouter acts on some, and carries all. */
const BY_TYPE: Readonly<Record<string, string>> = {
  '*bool': `useInternalDataplaneDriver ipv6Support ipipEnabled vxlanEnabled allowVXLANPacketsFromWorkloads
    allowIPIPPacketsFromWorkloads endpointReportingEnabled disableConntrackInvalidCheck healthEnabled
    prometheusMetricsEnabled prometheusGoMetricsEnabled prometheusProcessMetricsEnabled
    prometheusWireGuardMetricsEnabled usageReportingEnabled removeExternalRoutes debugDisableLogDropping
    sidecarAccelerationEnabled xdpEnabled genericXDPEnabled bpfEnabled bpfDisableUnprivileged
    bpfConnectTimeLoadBalancingEnabled bpfKubeProxyIptablesCleanupEnabled bpfKubeProxyEndpointSlicesEnabled
    bpfHostConntrackBypass bpfPolicyDebugEnabled flowLogsCollectorDebugTrace routeSyncDisabled requireMTUFile
    wireguardEnabled wireguardEnabledV6 wireguardThreadingEnabled wireguardHostEncryptionEnabled`,
  '*int': `maxIpsetSize metadataPort ipipMTU vxlanMTU vxlanMTUV6 vxlanPort vxlanVNI healthPort prometheusMetricsPort
    deviceRouteProtocol debugPort bpfExtToServiceConnmark bpfMapSizeNATFrontend bpfMapSizeNATBackend
    bpfMapSizeNATAffinity bpfMapSizeRoute bpfMapSizeConntrack bpfMapSizePerCpuConntrack
    bpfMapSizeConntrackCleanupQueue bpfMapSizeIPSets bpfMapSizeIfState bpfExportBufferSizeMB bpfKubeProxyHealthzPort
    bpfMaglevMaxEndpointsPerService bpfMaglevMaxServices wireguardListeningPort wireguardListeningPortV6
    wireguardRoutingRulePriority wireguardMTU wireguardMTUV6 goGCThreshold goMemoryLimitMB goMaxProcs
    ipv4NormalRoutePriority ipv4ElevatedRoutePriority ipv6NormalRoutePriority ipv6ElevatedRoutePriority
    logActionRateLimitBurst`,
  '*uint32': 'iptablesMarkMask nftablesMarkMask',
  '*duration': `dataplaneWatchdogTimeout routeRefreshInterval interfaceRefreshInterval iptablesRefreshInterval
    iptablesPostWriteCheckInterval iptablesLockTimeout iptablesLockProbeInterval ipsetsRefreshInterval
    xdpRefreshInterval netlinkTimeout reportingInterval reportingTTL endpointReportingDelay
    usageReportingInitialDelay usageReportingInterval debugSimulateCalcGraphHangAfter
    debugSimulateDataplaneHangAfter debugSimulateDataplaneApplyDelay nftablesRefreshInterval
    bpfKubeProxyMinSyncPeriod flowLogsFlushInterval wireguardKeepAlive localSubnetL2ReachabilityRefreshInterval`,
  string: `dataplaneDriver iptablesLockFilePath featureDetectOverride featureGates metadataAddr openstackRegion
    interfacePrefix interfaceExclude chainInsertMode defaultEndpointToHostAction iptablesFilterAllowAction
    iptablesMangleAllowAction iptablesFilterDenyAction logPrefix logFilePath logSeverityFile logSeverityScreen
    logSeveritySys logDebugFilenameRegex endpointStatusPathPrefix prometheusMetricsHost policySyncPathPrefix
    natOutgoingAddress deviceRouteSourceAddress deviceRouteSourceAddressIPv6 ipForwarding debugMemoryProfilePath
    iptablesNATOutgoingInterfaceFilter nftablesFilterAllowAction nftablesMangleAllowAction nftablesFilterDenyAction
    bpfLogLevel bpfCTLBLogFilter bpfDataIfacePattern bpfL3IfacePattern bpfExternalServiceMode bpfEnforceRPF
    bpfDisableGROForIfaces bpfRedirectToPeer bpfProfiling routeSource wireguardInterfaceName
    wireguardInterfaceNameV6 serviceLoopPrevention workloadSourceSpoofing mtuIfacePattern cgroupV2Path
    prometheusMetricsCAFile prometheusMetricsCertFile prometheusMetricsKeyFile nodeSelector`,
  '*string': `iptablesBackend healthHost debugHost nftablesMode bpfConntrackLogLevel bpfConntrackMode
    bpfConnectTimeLoadBalancing bpfHostNetworkedNATWithoutCTLB bpfAttachType bpfMapSizeConntrackScaling
    bpfJITHardening flowLogsGoldmaneServer flowLogsLocalReporter flowLogsPolicyEvaluationMode awsSrcDstCheck
    floatingIPs windowsManageFirewallRules natOutgoingExclusions programClusterRoutes localSubnetL2Reachability
    logActionRateLimit nftablesFlowTableOffload prometheusMetricsClientAuth istioAmbientMode`,
  '*port': 'natPortRange bpfPSNATPorts',
  '*[]port': 'kubeNodePortRanges',
  '*[]string': `externalNodesList bpfDSROptoutCIDRs bpfForceTrackPacketsFromIfaces bpfExcludeCIDRsFromNAT`,
  '*map[string]string': 'bpfLogFilters',
  '*[]ProtoPort': 'failsafeInboundHostPorts failsafeOutboundHostPorts',
  '[]HealthTimeoutOverride': 'healthTimeoutOverrides',
  '*[]RouteTableIDRange': 'routeTableRanges',
  '*RouteTableRange': 'routeTableRange',
  '*BPFConntrackTimeouts': 'bpfConntrackTimeouts',
  '*DSCP': 'istioDSCPMark',
};

export const FELIX_FIELDS = Object.entries(BY_TYPE)
  .flatMap(([type, names]) => names.split(/\s+/).map((name) => `${name}:${type}`))
  .join(' ');
