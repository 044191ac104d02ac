import type { StatusAnswer } from '../control/index.ts';
import type { NodePlan } from './plan.ts';
import type { Reachability } from './reachability.ts';
import type { PodState } from './state.ts';

/** All that the report tells, gathered. */
export interface LabReport {
  readonly name: string;
  readonly nodes: readonly { readonly plan: NodePlan; readonly status: StatusAnswer }[];
  readonly pods: readonly PodState[];
  /** The output of `calicoctl node status` and `ip route` on the first node. */
  readonly nodeStatus: string;
  readonly routes: readonly string[];
  /** In each family that the lab speaks. */
  readonly reachability: readonly Reachability[];
}

/** The addresses of a node or a pod, as the report shows them. */
export function addressesOf({
  address,
  address6,
}: {
  readonly address?: string | undefined;
  readonly address6?: string | undefined;
}): string {
  return [address, address6].filter((one) => one !== undefined).join(' ') || '–';
}

/** The report for people: pure text. */
export function renderReport(report: LabReport): string {
  const first = report.nodes[0].plan.name;
  return [
    `Lab '${report.name}': ${count(report.nodes.length, 'node')}, ${count(report.pods.length, 'pod')}`,
    renderNodes(report),
    `calicoctl node status, on ${first}\n\n${report.nodeStatus.trimEnd()}`,
    `ip route, on ${first}\n\n${report.routes.join('\n')}`,
    ...report.reachability.map((one) => renderReachability(one, report.reachability.length > 1)),
  ].join('\n\n');
}

/** The report for programs. */
export function reportJson(report: LabReport): object {
  return {
    name: report.name,
    nodes: report.nodes.map(({ plan, status }) => ({
      name: plan.name,
      address: plan.address,
      ...(plan.address6 !== undefined && { address6: plan.address6 }),
      blocks: status.blocks,
      peers: status.bgp?.peers ?? [],
      routes: status.routes,
    })),
    pods: report.pods.map(({ name, node, address, address6 }) => ({
      name,
      node,
      address,
      ...(address6 !== undefined && { address6 }),
    })),
    reachability: {
      complete: report.reachability.every(({ complete }) => complete),
      paths: report.reachability.flatMap(pathsJson),
    },
  };
}

function pathsJson({ family, pods, rtts }: Reachability): object[] {
  return pods.flatMap((from, row) =>
    pods.flatMap((to, column) =>
      row === column ? [] : [{ family, from: from.name, to: to.name, milliseconds: rtts[row][column] ?? null }],
    ),
  );
}

function renderNodes({ nodes, pods }: LabReport): string {
  return table([
    ['NODE', 'ADDRESS', 'BLOCKS (IN USE)', 'PODS'],
    ...nodes.map(({ plan, status }) => [
      plan.name,
      addressesOf(plan),
      status.blocks.map(({ cidr, inUse, size }) => `${cidr} (${inUse}/${size})`).join(', ') || '–',
      pods
        .filter(({ node }) => node === plan.name)
        .map((pod) => `${pod.name} ${addressesOf(pod)}`)
        .join(', ') || '–',
    ]),
  ]);
}

function renderReachability({ family, pods, rtts, complete }: Reachability, named: boolean): string {
  const cell = (rtt: number | undefined): string =>
    rtt === undefined ? 'lost' : Number.isNaN(rtt) ? '·' : rtt.toFixed(2);
  const matrix = table([
    ['FROM \\ TO', ...pods.map(({ name }) => name)],
    ...pods.map(({ name }, row) => [name, ...rtts[row].map(cell)]),
  ]);
  const paths = pods.length * (pods.length - 1);
  const lost = rtts.flat().filter((rtt) => rtt === undefined).length;
  const kind = named ? `IPv${family} paths` : 'paths';
  const verdict = complete
    ? `All ${paths} ${kind} between pods work.`
    : `${lost} of ${paths} ${kind} between pods do not work.`;
  return `Round-trip times from pod to pod${named ? ` by IPv${family}` : ''}, in milliseconds\n\n${matrix}\n\n${verdict}`;
}

/** Columns, each as wide as its longest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
