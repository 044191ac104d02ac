import type { TimelineAnswer } from '../../control/index.ts';

/** Whether another node's kernel has a route to an address, by which, and since when (milliseconds since 1970). */
export interface SeenThere {
  readonly node: string;
  readonly address: string;
  readonly isThere: boolean;
  /** The route, or why there is none. */
  readonly text: string;
  /** Absent: since longer ago than the node remembers. */
  readonly since?: number;
}

type Change = TimelineAnswer['changes'][0];

/** The history of a pod, a block of lines for each request, and the nodes that can reach it. */
export function timelineText(pod: string, nodes: readonly TimelineAnswer[], seen: readonly SeenThere[]): string {
  if (nodes.length === 0) return `Nothing is known of ${pod}.\n`;
  const requests = nodes.flatMap(({ node, changes }) => changes.map((one) => ({ node, one })));
  requests.sort((a, b) => a.one.begun - b.one.begun);
  const lines = requests.flatMap(({ node, one }) => changeLines(node, pod, one));
  for (const { node, addresses, blocks } of nodes) {
    if (addresses.length === 0) continue;
    const of = blocks.length === 0 ? '' : ` of ${blocks.length === 1 ? 'block' : 'blocks'} ${blocks.join(', ')}`;
    lines.push(`${pod} has ${addresses.join(', ')}${of} on ${node}`);
  }
  const last = requests.findLast(({ one }) => one.op === 'add')?.one.begun;
  return `${[...lines, ...seen.map((one) => seenLine(one, last))].join('\n')}\n`;
}

function changeLines(node: string, pod: string, change: Change): readonly string[] {
  const { change: id, op, begun, steps, outcome, error } = change;
  const end = outcome === undefined ? 'under way' : outcome === 'done' ? `${steps.at(-1)?.at ?? 0} ms` : 'failed';
  return [
    `${pod} on ${node}: ${op === 'add' ? 'added' : 'deleted'} ${new Date(begun).toISOString()}, change ${id}, ${end}`,
    ...steps.map(({ what, at, about }) =>
      `${`${at.toFixed(1)} ms`.padStart(12)}  ${what.padEnd(20)}${about ?? ''}`.trimEnd(),
    ),
    ...(error === undefined ? [] : [`  because: ${error}`]),
    '',
  ];
}

function seenLine({ node, isThere, text, since }: SeenThere, begun: number | undefined): string {
  if (!isThere) return `  ${node}: NOT SEEN: ${text}`;
  const route = text.replaceAll(/\s+/g, ' ').trim();
  if (since === undefined) return `  ${node}: seen in its kernel: ${route}, from before`;
  const after = begun === undefined || since < begun ? '' : ` (${since - begun} ms after the request)`;
  return `  ${node}: seen in its kernel: ${route}, since ${new Date(since).toISOString()}${after}`;
}
