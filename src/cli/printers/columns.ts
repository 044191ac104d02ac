import { at, flagAt, goFloat, goText, join, listAt, pointerAt, textAt } from '../go-values.ts';

/** The context that a cell may need besides its resource. */
export interface CellContext {
  /** The AS number of nodes that have none of their own. */
  readonly defaultAsNumber: string;
}

type Cell = (resource: unknown, context: CellContext) => string;

/** The tables of one kind: every column there is, in the order help lists them, and which of them are shown when. */
export interface Columns {
  readonly cells: Readonly<Record<string, Cell>>;
  readonly ps: readonly string[];
  readonly wide: readonly string[];
}

const NAME: Cell = (resource) => textAt(resource, 'metadata.name');
const NAMESPACE: Cell = (resource) => textAt(resource, 'metadata.namespace');

const text =
  (path: string): Cell =>
  (resource) =>
    textAt(resource, path);
const flag =
  (path: string): Cell =>
  (resource) =>
    flagAt(resource, path);
const pointer =
  (path: string): Cell =>
  (resource) =>
    pointerAt(resource, path);
const joined =
  (path: string, limit = 0): Cell =>
  (resource) =>
    join(at(resource, path), ',', limit);
const count =
  (path: string): Cell =>
  (resource) =>
    String(listAt(resource, path).length);
const orElse =
  (path: string, fallback: string): Cell =>
  (resource) =>
    textAt(resource, path) || fallback;
const ORDER: Cell = (resource) => goFloat(at(resource, 'spec.order'));
const TIER = orElse('spec.tier', 'default');
const SELECTOR = text('spec.selector');

function columns(cells: Readonly<Record<string, Cell>>, ps: string, wide = ps): Columns {
  return { cells, ps: ps.split(' '), wide: wide.split(' ') };
}

const POLICY = columns({ NAME, TIER, ORDER, SELECTOR }, 'NAME TIER', 'NAME TIER ORDER SELECTOR');
const NAMESPACED_POLICY = { ...POLICY, cells: { ...POLICY.cells, NAMESPACE } };

/** By kind. `NAMESPACE` is put in front of any list whose kind has it, when namespaces are asked for. */
export const COLUMNS: Readonly<Record<string, Columns>> = {
  BFDConfiguration: columns(
    { NAME, NODESELECTOR: text('spec.nodeSelector'), NUMINTERFACES: count('spec.interfaces') },
    'NAME NODESELECTOR NUMINTERFACES',
  ),
  BGPConfiguration: columns(
    {
      NAME,
      LOGSEVERITY: text('spec.logSeverityScreen'),
      MESHENABLED: orElse('spec.nodeToNodeMeshEnabled', '-'),
      ASNUMBER: orElse('spec.asNumber', '-'),
    },
    'NAME LOGSEVERITY MESHENABLED ASNUMBER',
  ),
  BGPFilter: columns(
    {
      NAME,
      NUMEXPORTV4: count('spec.exportV4'),
      NUMIMPORTV4: count('spec.importV4'),
      NUMEXPORTV6: count('spec.exportV6'),
      NUMIMPORTV6: count('spec.importV6'),
    },
    'NAME NUMEXPORTV4 NUMIMPORTV4 NUMEXPORTV6 NUMIMPORTV6',
  ),
  BGPPeer: columns(
    {
      NAME,
      PEERIP: text('spec.peerIP'),
      NODE: (resource) => textAt(resource, 'spec.node') || textAt(resource, 'spec.nodeSelector') || '(global)',
      ASN: orElse('spec.asNumber', '0'),
    },
    'NAME PEERIP NODE ASN',
  ),
  CalicoNodeStatus: columns(
    { NAME, NODE: text('spec.node'), CLASSES: joined('spec.classes') },
    'NAME NODE',
    'NAME NODE CLASSES',
  ),
  ClusterInformation: columns(
    {
      NAME,
      CLUSTERGUID: text('spec.clusterGUID'),
      CLUSTERTYPE: text('spec.clusterType'),
      CALICOVERSION: text('spec.calicoVersion'),
      DATASTOREREADY: pointer('spec.datastoreReady'),
    },
    'NAME CLUSTERGUID CLUSTERTYPE CALICOVERSION DATASTOREREADY',
  ),
  FelixConfiguration: columns({ NAME }, 'NAME'),
  GlobalNetworkPolicy: POLICY,
  GlobalNetworkSet: columns({ NAME, NETS: joined('spec.nets', 80) }, 'NAME', 'NAME NETS'),
  HostEndpoint: columns(
    {
      NAME,
      NODE: text('spec.node'),
      INTERFACE: text('spec.interfaceName'),
      IPS: joined('spec.expectedIPs'),
      PROFILES: joined('spec.profiles'),
    },
    'NAME NODE',
    'NAME NODE INTERFACE IPS PROFILES',
  ),
  IPAMConfiguration: columns(
    {
      NAME,
      STRICTAFFINITY: flag('spec.strictAffinity'),
      AUTOALLOCATEBLOCKS: flag('spec.autoAllocateBlocks'),
      MAXBLOCKSPERHOST: orElse('spec.maxBlocksPerHost', '0'),
    },
    'NAME STRICTAFFINITY AUTOALLOCATEBLOCKS',
    'NAME STRICTAFFINITY AUTOALLOCATEBLOCKS MAXBLOCKSPERHOST',
  ),
  IPPool: columns(
    {
      NAME,
      CIDR: text('spec.cidr'),
      NAT: flag('spec.natOutgoing'),
      IPIPMODE: orElse('spec.ipipMode', 'Never'),
      VXLANMODE: orElse('spec.vxlanMode', 'Never'),
      DISABLED: flag('spec.disabled'),
      DISABLEBGPEXPORT: flag('spec.disableBGPExport'),
      SELECTOR: text('spec.nodeSelector'),
      ASSIGNMENTMODE: orElse('spec.assignmentMode', 'Automatic'),
    },
    'NAME CIDR SELECTOR',
    'NAME CIDR NAT IPIPMODE VXLANMODE DISABLED DISABLEBGPEXPORT SELECTOR ASSIGNMENTMODE',
  ),
  IPReservation: columns({ NAME, CIDRS: joined('spec.reservedCIDRs', 80) }, 'NAME', 'NAME CIDRS'),
  KubeControllersConfiguration: columns({ NAME }, 'NAME'),
  NetworkPolicy: NAMESPACED_POLICY,
  NetworkSet: columns({ NAME, NAMESPACE, NETS: joined('spec.nets', 80) }, 'NAME', 'NAME NETS'),
  Node: columns(
    { NAME, ASN: nodeAsNumber, IPV4: text('spec.bgp.ipv4Address'), IPV6: text('spec.bgp.ipv6Address') },
    'NAME',
    'NAME ASN IPV4 IPV6',
  ),
  Profile: columns({ NAME, LABELS: joined('spec.labelsToApply') }, 'NAME', 'NAME LABELS'),
  StagedGlobalNetworkPolicy: POLICY,
  StagedKubernetesNetworkPolicy: columns(
    { NAME, NAMESPACE, PODSELECTOR: (resource) => labelSelector(at(resource, 'spec.podSelector')) },
    'NAME',
    'NAME PODSELECTOR',
  ),
  StagedNetworkPolicy: NAMESPACED_POLICY,
  Tier: columns({ NAME, ORDER }, 'NAME ORDER'),
  WorkloadEndpoint: columns(
    {
      NAME,
      NAMESPACE,
      WORKLOAD: (resource) => textAt(resource, 'spec.workload') || textAt(resource, 'spec.pod'),
      NODE: text('spec.node'),
      NETWORKS: joined('spec.ipNetworks'),
      INTERFACE: text('spec.interfaceName'),
      PROFILES: joined('spec.profiles'),
      NATS: (resource) =>
        listAt(resource, 'spec.ipNATs')
          .map((nat) => `{${textAt(nat, 'internalIP')} ${textAt(nat, 'externalIP')}}`)
          .join(','),
      ORCHESTRATOR: text('spec.orchestrator'),
    },
    'WORKLOAD NODE NETWORKS INTERFACE',
    'NAME WORKLOAD NODE NETWORKS INTERFACE PROFILES NATS',
  ),
};

/** In parentheses when the node inherits it; nothing when the node does no BGP. */
function nodeAsNumber(resource: unknown, { defaultAsNumber }: CellContext): string {
  if (at(resource, 'spec.bgp') === undefined) return '';
  return textAt(resource, 'spec.bgp.asNumber') || `(${defaultAsNumber})`;
}

/** A Kubernetes label selector as Go's generated printer shows it. */
function labelSelector(selector: unknown): string {
  const labels = Object.entries((at(selector, 'matchLabels') ?? {}) as Record<string, string>).sort();
  const expressions = listAt(selector, 'matchExpressions').map(
    (expression) =>
      `LabelSelectorRequirement{Key:${textAt(expression, 'key')},Operator:${textAt(expression, 'operator')},` +
      `Values:${goText(listAt(expression, 'values'))},},`,
  );
  return (
    `&LabelSelector{MatchLabels:map[string]string{${labels.map(([key, value]) => `${key}: ${value},`).join('')}},` +
    `MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`
  );
}
