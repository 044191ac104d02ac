import * as z from 'zod';
import { anyCase, duration, filled, numericPort, oneOf, pattern, portRange } from './field.ts';
import { isDnsLabel } from './kubernetes-names.ts';
import { cidr } from './network-field.ts';

const tcpPort = z.number().int().min(0).max(65535);
const flag = z.boolean();
const text = z.string();
const integer = z.number().int();
const bits32 = z.number().int().min(0).max(0xffffffff);
const minusOneUp = z.number().int().min(-1);
const switchable = oneOf('Enabled', 'Disabled');
const cidrs = z.array(filled(cidr));
const conntrackTimeout = z
  .string()
  .regex(/^(([0-9]*(\.[0-9]*)?(ms|s|h|m|us)+)+|Auto)$/, "must be a duration or 'Auto'");
/** Where the prefix of a region's namespace leaves room in a DNS label. */
const longestRegion = 63 - 'openstack-region-'.length;
/** `key=value,key=value`. */
const keyValues = z.string().regex(/^\s*$|^((\s*\w+=[^,]*)?(,|$))*$/, 'must be a list such as key=value,key=value');
/** A device's name, or with `+` at its end the beginning of names. */
const interfaceFilter = z
  .string()
  .regex(
    /^([a-zA-Z0-9:._+-]{1,15})?$/,
    'must be the name of an interface, or with + at its end the beginning of names',
  );
const healthTimeout = z.looseObject({
  name: z.string().regex(/^[a-zA-Z0-9_ -]+$/, 'must be letters, digits, spaces, _ and -'),
  timeout: duration.refine((value) => !value.startsWith('-'), 'must not be negative'),
});

/** Calico's other settings: of its iptables and eBPF dataplanes, of flow logs, of OpenStack, of Go. */
export const otherSettings = {
  awsSrcDstCheck: oneOf('DoNothing', 'Enable', 'Disable').optional(),
  bpfAttachType: anyCase('TC', 'TCX').optional(),
  bpfCTLBLogFilter: text.optional(),
  bpfConnectTimeLoadBalancing: oneOf('TCP', 'Enabled', 'Disabled').optional(),
  bpfConnectTimeLoadBalancingEnabled: flag.optional(),
  bpfConntrackLogLevel: oneOf('Off', 'Debug').optional(),
  bpfConntrackMode: oneOf('Auto', 'Userspace', 'BPFProgram').optional(),
  bpfConntrackTimeouts: z
    .looseObject({
      creationGracePeriod: conntrackTimeout.optional(),
      genericTimeout: conntrackTimeout.optional(),
      icmpTimeout: conntrackTimeout.optional(),
      tcpEstablished: conntrackTimeout.optional(),
      tcpFinsSeen: conntrackTimeout.optional(),
      tcpResetSeen: conntrackTimeout.optional(),
      tcpSynSent: conntrackTimeout.optional(),
      udpTimeout: conntrackTimeout.optional(),
    })
    .optional(),
  bpfDSROptoutCIDRs: cidrs.optional(),
  bpfDataIfacePattern: pattern.optional(),
  bpfDisableGROForIfaces: pattern.optional(),
  bpfDisableUnprivileged: flag.optional(),
  bpfEnabled: flag.optional(),
  bpfEnforceRPF: anyCase('Disabled', 'Strict', 'Loose').optional(),
  bpfExcludeCIDRsFromNAT: cidrs.optional(),
  bpfExportBufferSizeMB: integer.optional(),
  bpfExtToServiceConnmark: bits32.optional(),
  bpfExternalServiceMode: anyCase('Tunnel', 'DSR').optional(),
  bpfForceTrackPacketsFromIfaces: z.array(filled(interfaceFilter)).optional(),
  bpfHostConntrackBypass: flag.optional(),
  bpfHostNetworkedNATWithoutCTLB: switchable.optional(),
  bpfJITHardening: oneOf('Auto', 'Strict').optional(),
  bpfKubeProxyEndpointSlicesEnabled: flag.optional(),
  bpfKubeProxyHealthzPort: tcpPort.optional(),
  bpfKubeProxyIptablesCleanupEnabled: flag.optional(),
  bpfKubeProxyMinSyncPeriod: duration.optional(),
  bpfL3IfacePattern: pattern.optional(),
  bpfLogFilters: z.record(z.string().regex(/^[a-zA-Z0-9_.-]{1,15}$/), z.string()).optional(),
  bpfLogLevel: anyCase('Off', 'Info', 'Debug').optional(),
  bpfMaglevMaxEndpointsPerService: integer.optional(),
  bpfMaglevMaxServices: integer.optional(),
  bpfMapSizeConntrack: integer.optional(),
  bpfMapSizeConntrackCleanupQueue: z.number().int().min(1).optional(),
  bpfMapSizeConntrackScaling: anyCase('Disabled', 'DoubleIfFull').optional(),
  bpfMapSizeIPSets: integer.optional(),
  bpfMapSizeIfState: integer.optional(),
  bpfMapSizeNATAffinity: integer.optional(),
  bpfMapSizeNATBackend: integer.optional(),
  bpfMapSizeNATFrontend: integer.optional(),
  bpfMapSizePerCpuConntrack: integer.optional(),
  bpfMapSizeRoute: integer.optional(),
  bpfPSNATPorts: portRange.optional(),
  bpfPolicyDebugEnabled: flag.optional(),
  bpfProfiling: switchable.optional(),
  bpfRedirectToPeer: oneOf('Enabled', 'L2Only', 'Disabled').optional(),
  cgroupV2Path: text.optional(),
  dataplaneDriver: text.optional(),
  dataplaneWatchdogTimeout: duration.optional(),
  debugDisableLogDropping: flag.optional(),
  debugHost: text.optional(),
  debugMemoryProfilePath: text.optional(),
  debugPort: tcpPort.optional(),
  debugSimulateCalcGraphHangAfter: duration.optional(),
  debugSimulateDataplaneApplyDelay: duration.optional(),
  debugSimulateDataplaneHangAfter: duration.optional(),
  endpointReportingDelay: duration.optional(),
  endpointReportingEnabled: flag.optional(),
  featureDetectOverride: keyValues.optional(),
  featureGates: keyValues.optional(),
  flowLogsCollectorDebugTrace: flag.optional(),
  flowLogsFlushInterval: duration.optional(),
  flowLogsGoldmaneServer: text.optional(),
  flowLogsLocalReporter: switchable.optional(),
  flowLogsPolicyEvaluationMode: oneOf('None', 'Continuous').optional(),
  genericXDPEnabled: flag.optional(),
  goGCThreshold: minusOneUp.optional(),
  goMaxProcs: minusOneUp.optional(),
  goMemoryLimitMB: minusOneUp.optional(),
  healthTimeoutOverrides: z.array(healthTimeout).optional(),
  ipsetsRefreshInterval: duration.optional(),
  iptablesBackend: anyCase('Legacy', 'NFT', 'Auto').optional(),
  iptablesLockFilePath: text.optional(),
  iptablesLockProbeInterval: duration.optional(),
  iptablesLockTimeout: duration.optional(),
  iptablesPostWriteCheckInterval: duration.optional(),
  iptablesRefreshInterval: duration.optional(),
  istioAmbientMode: switchable.optional(),
  istioDSCPMark: z.union([integer, text]).optional(),
  kubeNodePortRanges: z.array(numericPort).max(7, 'node port ranges list is too long (max 7)').optional(),
  localSubnetL2Reachability: oneOf('Disabled', 'PodsAndLoadBalancers').optional(),
  localSubnetL2ReachabilityRefreshInterval: duration.optional(),
  logActionRateLimit: z
    .string()
    .regex(/^([1-9]\d{0,3}\/(second|minute|hour|day))?$/, 'must be a rate such as 10/second')
    .optional(),
  logActionRateLimitBurst: z.number().int().min(0).max(9999).optional(),
  logDebugFilenameRegex: pattern.optional(),
  logFilePath: text.optional(),
  maxIpsetSize: integer.optional(),
  metadataAddr: text.optional(),
  metadataPort: tcpPort.optional(),
  netlinkTimeout: duration.optional(),
  nftablesFilterAllowAction: anyCase('Accept', 'Return').optional(),
  nftablesFilterDenyAction: anyCase('Drop', 'Reject').optional(),
  nftablesFlowTableOffload: anyCase('All', 'Enabled', 'Disabled').optional(),
  nftablesMangleAllowAction: anyCase('Accept', 'Return').optional(),
  openstackRegion: z
    .string()
    .refine((region) => region === '' || isDnsLabel(region), 'must be a valid DNS label')
    .max(longestRegion, 'is too long')
    .optional(),
  policySyncPathPrefix: text.optional(),
  prometheusGoMetricsEnabled: flag.optional(),
  prometheusMetricsCAFile: text.optional(),
  prometheusMetricsCertFile: text.optional(),
  prometheusMetricsClientAuth: text.optional(),
  prometheusMetricsKeyFile: text.optional(),
  prometheusProcessMetricsEnabled: flag.optional(),
  prometheusWireGuardMetricsEnabled: flag.optional(),
  reportingTTL: duration.optional(),
  requireMTUFile: flag.optional(),
  sidecarAccelerationEnabled: flag.optional(),
  usageReportingEnabled: flag.optional(),
  usageReportingInitialDelay: duration.optional(),
  usageReportingInterval: duration.optional(),
  useInternalDataplaneDriver: flag.optional(),
  windowsManageFirewallRules: switchable.optional(),
  wireguardThreadingEnabled: flag.optional(),
  xdpEnabled: flag.optional(),
  xdpRefreshInterval: duration.optional(),
};
