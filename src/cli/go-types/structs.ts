import { FELIX_FIELDS } from './felix.ts';
import { KUBERNETES_STRUCTS } from './kubernetes.ts';

/**
 * The structs of Calico's API by their names in Go, each with its fields in their order: `name:type`. A `*` before the
 * type is a pointer, which tells unset from zero; any other field is not printed while it is zero, except those with
 * a `!` after the name. Types that are no struct here and no word of `GoType` are text with a name.
 */
const POLICY = 'ingress:[]Rule egress:[]Rule selector:string types:[]PolicyType';
const REASON = 'lastUpdated:any';

export const STRUCTS: Readonly<Record<string, string>> = {
  ...KUBERNETES_STRUCTS,
  BGPConfigurationSpec: `logSeverityScreen:string nodeToNodeMeshEnabled:*bool asNumber:*asNumber
    serviceLoadBalancerIPs:[]ServiceLoadBalancerIPBlock serviceExternalIPs:[]ServiceExternalIPBlock
    serviceClusterIPs:[]ServiceClusterIPBlock serviceLoadBalancerAggregation:*ServiceLoadBalancerAggregation
    communities:[]Community prefixAdvertisements:[]PrefixAdvertisement listenPort:uint16 nodeMeshPassword:*BGPPassword
    nodeMeshMaxRestartTime:*duration bindMode:*BindMode ignoredInterfaces:[]string localWorkloadPeeringIPV4:string
    localWorkloadPeeringIPV6:string programClusterRoutes:*string ipv4NormalRoutePriority:*int
    ipv6NormalRoutePriority:*int`,
  ServiceLoadBalancerIPBlock: 'cidr:string',
  ServiceExternalIPBlock: 'cidr:string',
  ServiceClusterIPBlock: 'cidr:string',
  Community: 'name:string value:string',
  PrefixAdvertisement: 'cidr:string communities:[]string',
  BGPPassword: 'secretKeyRef:*SecretKeySelector',
  SecretKeySelector: 'name:string key!:string optional:*bool',
  BFDConfigurationSpec: 'nodeSelector:string interfaces:[]BFDInterface',
  BFDInterface: `matchPattern!:string minimumRecvInterval:*duration minimumSendInterval:*duration
    idleSendInterval:*duration multiplier:int`,
  BGPFilterSpec: `exportV4:[]BGPFilterRuleV4 importV4:[]BGPFilterRuleV4 exportV6:[]BGPFilterRuleV6
    importV6:[]BGPFilterRuleV6`,
  BGPFilterRuleV4: `cidr:string prefixLength:*BGPFilterPrefixLengthV4 source:BGPFilterMatchSource interface:string
    matchOperator:BGPFilterMatchOperator peerType:BGPFilterPeerType communities:*BGPFilterCommunityMatch
    asPathPrefix:[]asNumber priority:*int operations:[]BGPFilterOperation action!:BGPFilterAction`,
  BGPFilterRuleV6: `cidr:string prefixLength:*BGPFilterPrefixLengthV6 source:BGPFilterMatchSource interface:string
    matchOperator:BGPFilterMatchOperator peerType:BGPFilterPeerType communities:*BGPFilterCommunityMatch
    asPathPrefix:[]asNumber priority:*int operations:[]BGPFilterOperation action!:BGPFilterAction`,
  BGPFilterPrefixLengthV4: 'min:*int32 max:*int32',
  BGPFilterPrefixLengthV6: 'min:*int32 max:*int32',
  BGPFilterCommunityMatch: 'values!:[]string',
  BGPFilterOperation: `addCommunity:*BGPFilterAddCommunity prependASPath:*BGPFilterPrependASPath
    setPriority:*BGPFilterSetPriority`,
  BGPFilterAddCommunity: 'value!:string',
  BGPFilterPrependASPath: 'prefix!:[]asNumber',
  BGPFilterSetPriority: 'value!:*int',
  BGPPeerSpec: `node:string peerIP:string asNumber:asNumber nodeSelector:string peerSelector:string
    localWorkloadSelector:string keepOriginalNextHop:bool password:*BGPPassword sourceAddress:SourceAddress
    maxRestartTime:*duration keepaliveTime:*duration numAllowedLocalASNumbers:*int32 ttlSecurity:*uint8
    reachableBy:string filters:[]string nextHopMode:*NextHopMode localASNumber:*asNumber
    reversePeering:*ReversePeering failureDetectionMode:*FailureDetectionMode`,
  CalicoNodeStatusSpec: 'node:string classes:[]NodeStatusClassType updatePeriodSeconds:*uint32',
  CalicoNodeStatusStatus: `${REASON} agent:any bgp:any routes:any`,
  ClusterInformationSpec: `clusterGUID:string clusterType:string calicoVersion:string datastoreReady:*bool
    variant:string`,
  FelixConfigurationSpec: FELIX_FIELDS,
  ProtoPort: 'protocol!:string port!:uint16 net:string',
  HealthTimeoutOverride: 'name!:string timeout!:duration',
  RouteTableIDRange: 'min!:int max!:int',
  RouteTableRange: 'min!:int max!:int',
  BPFConntrackTimeouts: `creationGracePeriod:*string tcpSynSent:*string tcpEstablished:*string tcpFinsSeen:*string
    tcpResetSeen:*string udpTimeout:*string genericTimeout:*string icmpTimeout:*string`,
  GlobalNetworkPolicySpec: `tier:string order:*float64 ${POLICY} doNotTrack:bool preDNAT:bool applyOnForward:bool
    serviceAccountSelector:string namespaceSelector:string performanceHints:[]PolicyPerformanceHint`,
  NetworkPolicySpec: `tier:string order:*float64 ${POLICY} serviceAccountSelector:string
    performanceHints:[]PolicyPerformanceHint`,
  StagedGlobalNetworkPolicySpec: `stagedAction:StagedAction tier:string order:*float64 ${POLICY} doNotTrack:bool
    preDNAT:bool applyOnForward:bool serviceAccountSelector:string namespaceSelector:string
    performanceHints:[]PolicyPerformanceHint`,
  StagedNetworkPolicySpec: `stagedAction:StagedAction tier:string order:*float64 ${POLICY}
    serviceAccountSelector:string performanceHints:[]PolicyPerformanceHint`,
  StagedKubernetesNetworkPolicySpec: `stagedAction:StagedAction podSelector:LabelSelector
    ingress:[]NetworkPolicyIngressRule egress:[]NetworkPolicyEgressRule policyTypes:[]PolicyType`,
  Rule: `action!:Action ipVersion:*int protocol:*protocol icmp:*ICMPFields notProtocol:*protocol notICMP:*ICMPFields
    source:EntityRule destination:EntityRule http:*HTTPMatch metadata:*RuleMetadata`,
  EntityRule: `nets:[]string selector:string namespaceSelector:string services:*ServiceMatch ports:[]port
    domains:[]string notNets:[]string notSelector:string notPorts:[]port serviceAccounts:*ServiceAccountMatch`,
  ICMPFields: 'type:*int code:*int',
  HTTPMatch: 'methods:[]string paths:[]HTTPPath',
  HTTPPath: 'exact:string prefix:string',
  RuleMetadata: 'annotations:map[string]string',
  ServiceMatch: 'name:string namespace:string',
  ServiceAccountMatch: 'names:[]string selector:string',
  GlobalNetworkSetSpec: 'nets:[]string',
  NetworkSetSpec: 'nets:[]string',
  HostEndpointSpec: `node:string interfaceName:string expectedIPs:[]string profiles:[]string ports:[]EndpointPort`,
  EndpointPort: 'name!:string protocol!:protocol port!:uint16',
  IPAMConfigurationSpec: `strictAffinity!:bool maxBlocksPerHost:int32 autoAllocateBlocks!:bool
    kubeVirtVMAddressPersistence:*string ipCooldownSeconds:*int32`,
  IPPoolSpec: `cidr!:string vxlanMode:VXLANMode ipipMode:IPIPMode natOutgoing:bool disabled:bool
    disableBGPExport:bool blockSize:int nodeSelector:string namespaceSelector:string
    allowedUses:[]IPPoolAllowedUse assignmentMode:*AssignmentMode`,
  IPPoolStatus: 'conditions:[]Condition',
  IPReservationSpec: 'reservedCIDRs:[]string',
  KubeControllersConfigurationSpec: `logSeverityScreen:string healthChecks:string etcdV3CompactionPeriod:*duration
    prometheusMetricsPort:*int controllers!:ControllersConfig debugProfilePort:*int32`,
  KubeControllersConfigurationStatus: `runningConfig:KubeControllersConfigurationSpec
    environmentVars:map[string]string`,
  ControllersConfig: `node:*NodeControllerConfig policy:*PolicyControllerConfig
    workloadEndpoint:*WorkloadEndpointControllerConfig serviceAccount:*ServiceAccountControllerConfig
    namespace:*NamespaceControllerConfig loadBalancer:*LoadBalancerControllerConfig
    policyMigration:*MigrationControllerConfig migration:*MigrationControllerConfig`,
  NodeControllerConfig: `reconcilerPeriod:*duration syncLabels:string hostEndpoint:*AutoHostEndpointConfig
    leakGracePeriod:*duration`,
  AutoHostEndpointConfig: 'autoCreate:string createDefaultHostEndpoint:string templates:[]Template',
  Template: `generateName:string interfaceCIDRs:[]string interfacePattern:string labels:map[string]string
    annotations:map[string]string nodeSelector:string`,
  PolicyControllerConfig: 'reconcilerPeriod:*duration',
  WorkloadEndpointControllerConfig: 'reconcilerPeriod:*duration',
  ServiceAccountControllerConfig: 'reconcilerPeriod:*duration',
  NamespaceControllerConfig: 'reconcilerPeriod:*duration',
  LoadBalancerControllerConfig: 'assignIPs:string',
  MigrationControllerConfig: 'enabled:string policyNameMigrator:string',
  NodeSpec: `bgp:*NodeBGPSpec ipv4VXLANTunnelAddr:string vxlanTunnelMACAddr:string ipv6VXLANTunnelAddr:string
    vxlanTunnelMACAddrV6:string orchRefs:[]OrchRef wireguard:*NodeWireguardSpec addresses:[]NodeAddress
    interfaces:[]NodeInterface`,
  NodeBGPSpec: `asNumber:*asNumber ipv4Address:string ipv6Address:string ipv4IPIPTunnelAddr:string
    routeReflectorClusterID:string`,
  OrchRef: 'nodeName:string orchestrator!:string',
  NodeWireguardSpec: 'interfaceIPv4Address:string interfaceIPv6Address:string',
  NodeAddress: 'address!:string type:NodeAddressType',
  NodeInterface: 'name:string addresses:[]string',
  NodeStatus: 'wireguardPublicKey:string wireguardPublicKeyV6:string podCIDRs:[]string',
  ProfileSpec: 'ingress:[]Rule egress:[]Rule labelsToApply:map[string]string',
  TierSpec: 'order:*float64 defaultAction:*Action',
  TierStatus: 'conditions:[]Condition',
  WorkloadEndpointSpec: `orchestrator:string workload:string node:string containerID:string pod:string
    endpoint:string serviceAccountName:string ipNetworks:[]string ipNATs:[]IPNAT ipv4Gateway:string
    ipv6Gateway:string profiles:[]string interfaceName:string mac:string ports:[]WorkloadEndpointPort
    allowSpoofedSourcePrefixes:[]string qosControls:*QoSControls`,
  IPNAT: 'internalIP!:string externalIP!:string',
  WorkloadEndpointPort: 'name!:string protocol!:protocol port!:uint16 hostPort!:uint16 hostIP!:string',
  QoSControls: `ingressBandwidth:int64 egressBandwidth:int64 ingressBurst:int64 egressBurst:int64
    ingressPacketRate:int64 egressPacketRate:int64 ingressMaxConnections:int64 egressMaxConnections:int64
    ingressPeakrate:int64 egressPeakrate:int64 ingressMinburst:int64 egressMinburst:int64 ingressPacketBurst:int64
    egressPacketBurst:int64 dscp:*DSCP`,
};

/** The kinds whose objects have a status that users may write. Other kinds have none, or nobody's business but ours. */
export const STATUSES: Readonly<Record<string, string>> = {
  CalicoNodeStatus: 'CalicoNodeStatusStatus',
  IPPool: 'IPPoolStatus',
  KubeControllersConfiguration: 'KubeControllersConfigurationStatus',
  Node: 'NodeStatus',
  Tier: 'TierStatus',
};
