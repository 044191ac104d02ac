import type { AllocationReport, AuditInput, AuditReport, FindingCode } from '../../../ipam/index.ts';
import type { IPPool } from '../../../model/index.ts';

const NODES_SHOWN = 20;

export interface CheckDetail {
  readonly showAll: boolean;
  readonly showProblems: boolean;
}

/** The output of `ipam check`, section by section. Pure: the same input gives the same text. */
export function checkText(
  input: AuditInput,
  report: AuditReport,
  pools: readonly IPPool[],
  detail: CheckDetail,
): string {
  return [
    'Checking IPAM for inconsistencies...\n',
    blockSection(input, report, detail),
    poolSection(pools),
    useSection(input, detail),
    nodeSection(input, report),
    findingSection(report, detail),
  ].join('\n');
}

function blockSection({ blocks }: AuditInput, { allocations }: AuditReport, { showAll }: CheckDetail): string {
  const byBlock = Map.groupBy(allocations, ({ block }) => block);
  const lines = blocks.flatMap(({ spec }) => [
    ` IPAM block ${spec.cidr} affinity=${spec.affinity ?? '<none>'}:\n`,
    ...(showAll ? (byBlock.get(spec.cidr) ?? []) : []).map(
      (allocation) => `  ${allocation.address} allocated; attrs ${attributeText(allocation)}\n`,
    ),
  ]);
  return (
    `Loading all IPAM blocks...\nFound ${blocks.length} IPAM blocks.\n${lines.join('')}` +
    `IPAM blocks record ${allocations.length} allocations.\n`
  );
}

function poolSection(pools: readonly IPPool[]): string {
  const active = pools.filter(({ spec }) => spec.disabled !== true);
  const lines = active.map(({ spec }) => `  ${spec.cidr}\n`).join('');
  return `Loading all IPAM pools...\n${lines}Found ${active.length} active IP pools.\n`;
}

function useSection({ uses }: AuditInput, { showAll }: CheckDetail): string {
  const of = (kind: string): { readonly lines: string; readonly count: number } => {
    const own = uses.filter((use) => use.kind === kind);
    const lines = showAll ? own.map(({ address, owner }) => `  ${address} belongs to ${owner}\n`).join('') : '';
    return { lines, count: own.length };
  };
  const tunnels = of('tunnel');
  const balancers = of('load-balancer');
  const workloads = of('workload');
  const distinct = new Set(uses.map(({ address }) => address)).size;
  return (
    `Loading all nodes.\n${tunnels.lines}Found ${tunnels.count} node tunnel IPs.\n\n` +
    `Loading all service load balancer IPs.\n${balancers.lines}Found ${balancers.count} service load balancer(s).\n\n` +
    `Loading all workload endpoints.\n${workloads.lines}Found ${workloads.count} workload IPs.\n` +
    `Workloads and nodes are using ${distinct} IPs.\n`
  );
}

function nodeSection({ blocks }: AuditInput, { allocations }: AuditReport): string {
  const hosts = new Map(blocks.map(({ spec }) => [spec.cidr, spec.affinity?.replace(/^host:/, '') ?? '']));
  const byNode = Map.groupBy(allocations, ({ attributes, block }) => attributes['node'] ?? hosts.get(block) ?? '');
  const nodes = [...byNode].sort(([, a], [, b]) => b.length - a.length);
  const lines = nodes.slice(0, NODES_SHOWN).map(([node, own]) => `  ${node} has ${own.length} allocations\n`);
  if (nodes.length > 0) {
    const median = nodes[Math.floor(nodes.length / 2)][1].length;
    lines.push(`Node with most allocations has ${nodes[0][1].length}; median is ${median}\n`);
  }
  return `Loading all handles\nLooking for top (up to ${NODES_SHOWN}) nodes by allocations...\n${lines.join('')}`;
}

function findingSection(report: AuditReport, { showProblems }: CheckDetail): string {
  const of = (...codes: readonly FindingCode[]) => report.findings.filter(({ code }) => codes.includes(code));
  const listed = (codes: readonly FindingCode[], line: (subject: string, message: string) => string): string =>
    showProblems
      ? of(...codes)
          .map(({ subject, message }) => `  ${line(subject, message)}\n`)
          .join('')
      : '';
  const allocations = new Map(report.allocations.map((allocation) => [allocation.address, allocation]));
  const by = (message: string): string =>
    /^used by (.*?)(, in no active pool|, and IPAM doesn't know of it)?$/.exec(message)?.[1] ?? '';
  const leaked = listed(['LEAKED_ADDRESS'], (ip) => `${ip} leaked; attrs ${attributeText(allocations.get(ip))}`);
  const doubles = listed(['DOUBLE_USE'], (ip) => `${ip} has multiple owners.`);
  const outside = listed(['NOT_IN_POOL'], (ip, why) => `${ip} in use by ${by(why)} is not in any active IP pool.`);
  const missing = listed(
    ['NOT_ALLOCATED'],
    (ip, why) => `${ip} in use by ${by(why)} and in active IPAM pool but has no IPAM allocation.`,
  );
  const idle = listed(['EMPTY_HANDLE'], (handle) => `${handle} doesn't have any active IPs.`);
  const lost = listed(['MISSING_HANDLE'], (handle) => `${handle} is in use in a block but doesn't exist.`);
  const broken = listed(['INVALID_BLOCK'], (cidr, why) => `${cidr}: ${why}`);
  const invalid = new Set(of('INVALID_BLOCK').map(({ subject }) => subject)).size;
  return (
    'Scanning for IPs that are allocated but not actually in use...\n' +
    `${leaked}Found ${of('LEAKED_ADDRESS').length} IPs that are allocated in IPAM but not actually in use.\n` +
    'Scanning for IPs that are in use by a workload or node but not allocated in IPAM...\n' +
    `${doubles}${outside}${missing}Found ${of('NOT_IN_POOL').length} in-use IPs that are not in active IP pools.\n` +
    `Found ${of('NOT_ALLOCATED').length} in-use IPs that are in active IP pools but have no corresponding IPAM allocation.\n\n` +
    'Scanning for IPAM handles with no matching IPs...\n' +
    `${idle}Found ${of('EMPTY_HANDLE').length} handles with no matching IPs (and ${report.matchedHandles} handles with matches).\n` +
    'Scanning for IPs with missing handle...\n' +
    `${lost}Found ${of('MISSING_HANDLE').length} handles mentioned in blocks with no matching handle resource.\n` +
    'Validating IPAMBlock structures...\n' +
    `${broken}Found ${invalid} invalid IPAMBlocks.\n` +
    `${affinityLines(report, showProblems)}Check complete; found ${report.findings.length} problems.\n`
  );
}

const OF_OBJECTS: readonly FindingCode[] = [
  'MISCOUNTED_HANDLE',
  'UNFINISHED_CLAIM',
  'UNFINISHED_RELEASE',
  'AFFINITY_WITHOUT_BLOCK',
  'STALE_AFFINITY',
  'BLOCK_WITHOUT_AFFINITY',
  'NODE_GONE',
];

/** The lines on affinities, which Calico's own check doesn't look at; none when all is well. */
function affinityLines({ findings }: AuditReport, showProblems: boolean): string {
  const own = findings.filter(({ code }) => OF_OBJECTS.includes(code));
  if (own.length === 0) return '';
  const lines = showProblems ? own.map(({ subject, message, remedy }) => `  ${subject}: ${message} (${remedy})\n`) : [];
  return `Scanning block affinities and handles...\n${lines.join('')}Found ${own.length} affinities, handles or nodes that do not match.\n`;
}

function attributeText(allocation: AllocationReport | undefined): string {
  if (allocation === undefined) return '<missing>';
  const { handle = '<none>', attributes } = allocation;
  const extra = Object.keys(attributes)
    .sort()
    .map((key) => `${key}=${attributes[key]}`);
  return `Main:${handle} Extra:${extra.join(',')}`;
}
