import { Command, Option } from 'commander';
import { tryParseAddress, tryParsePrefix } from '../../base/index.ts';
import { bgpRouteSchema } from '../../control/answers.ts';
import { type BgpRouteAnswer, request, socketPath } from '../../control/index.ts';
import { askNodes, type NodeAnswer, readSaid } from '../ask-nodes.ts';
import { SilentEnd, UnreadableArgument } from '../errors.ts';
import type { Io } from '../io.ts';
import { open } from '../session.ts';
import { seconds } from './options.ts';
import { requireRoot } from './root.ts';
import { nodeNames } from './status-cluster.ts';

interface RouteOptions {
  readonly why?: boolean;
  readonly output: 'text' | 'json';
  readonly cluster?: boolean;
  readonly config?: string;
  readonly timeout: number;
}

/** `vrouter bgp route P [--why]`: every path to a prefix, and with `--why` what became of each and who was told. */
export function routeCommand(io: Io): Command {
  return new Command('route')
    .description(
      'The paths to a prefix, or to the longest prefix that covers an address; where it is not BGP that leads there, as with VXLAN, what does. Exit code 1 when there is none.',
    )
    .argument('<prefix>', 'CIDR, or an address')
    .option('--why', 'also why a path was not chosen, who was told of it or why not, and whether the kernel has it')
    .option(
      '--cluster',
      'on every node, asked by way of the datastore; exit code 1 when one has none or does not answer',
    )
    .option('-c, --config <file>', 'with --cluster: how to reach the datastore, as for calicoctl')
    .option('--timeout <seconds>', 'with --cluster: how long the nodes have to answer', seconds, 5)
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .action(async (prefix: string, options: RouteOptions) => {
      if (tryParseAddress(prefix) === undefined && tryParsePrefix(prefix) === undefined) {
        throw new UnreadableArgument(`'${prefix}' is neither an address nor a prefix such as 10.0.0.0/16`);
      }
      if (options.cluster) return everywhere(io, prefix, options);
      requireRoot(io);
      const { why = false, output } = options;
      const answer = await request(socketPath(io.env), { op: 'bgp.route', prefix }, bgpRouteSchema);
      if (output === 'json') io.stdout(`${JSON.stringify(answer, undefined, 2)}\n`);
      else io.stdout(routeText(prefix, answer, why));
      if (answer.prefix === undefined) throw new SilentEnd(1);
    });
}

/** What one node says; `problem`: why it says nothing of the route. */
type NodeRoute =
  | { readonly node: string; readonly route: BgpRouteAnswer }
  | { readonly node: string; readonly problem: string };

async function everywhere(
  io: Io,
  prefix: string,
  { why = false, output, timeout, config }: RouteOptions,
): Promise<void> {
  const store = await open(io, { ...(config !== undefined && { config }) });
  try {
    const names = await nodeNames(store);
    const asking = { store, clock: io.clock, patience: timeout * 1000 };
    const answers = await askNodes(names, { op: 'bgp.route', prefix }, asking);
    const rows = names.map((node): NodeRoute => ({ node, ...routeOf(answers.get(node)) }));
    const texts = rows.map((row) => {
      const text = 'route' in row ? routeText(prefix, row.route, why) : `${row.problem}\n`;
      return `${row.node}:\n${text.replaceAll(/^(?=.)/gm, '  ')}`;
    });
    io.stdout(output === 'json' ? `${JSON.stringify(rows, undefined, 2)}\n` : texts.join(''));
    if (!rows.every((row) => 'route' in row && row.route.prefix !== undefined)) throw new SilentEnd(1);
  } finally {
    await store.close();
  }
}

function routeOf(answer: NodeAnswer | undefined): { route: BgpRouteAnswer } | { problem: string } {
  const read = readSaid(answer, bgpRouteSchema);
  return 'problem' in read ? read : { route: read.result };
}

function routeText(asked: string, { prefix, paths, announcements, kernel }: BgpRouteAnswer, why: boolean): string {
  if (prefix === undefined) return `No path leads to ${asked}.\n`;
  if (paths.length === 0) {
    const reasons = kernel.filter(({ wanted }) => wanted).map(({ why }) => why);
    return [`${prefix}, not by BGP: ${reasons.join('; ')}`, ...kernel.map(kernelLine), ''].join('\n');
  }
  const lines = [`${prefix}, ${paths.length} ${paths.length === 1 ? 'path' : 'paths'}`];
  for (const path of paths) {
    const communities = [...path.communities, ...path.extendedCommunities, ...path.largeCommunities];
    lines.push(
      `${path.best ? '*>' : '  '} from ${path.peer}, next hop ${path.nextHop}${path.stale ? ', stale' : ''}`,
      `     AS path ${path.asPath.join(' ') || '(empty)'}, local preference ${path.localPref}, metric ${path.med}, origin ${path.origin}`,
    );
    if (communities.length > 0) lines.push(`     communities ${communities.join(' ')}`);
    if (path.originatorId !== undefined) lines.push(`     originator ${path.originatorId}`);
    if (why && path.originValidity !== undefined) lines.push(`     origin by RPKI: ${path.originValidity}`);
    if (why) lines.push(`     ${path.best ? 'chosen' : `not chosen: ${path.reason ?? 'another one is best'}`}`);
  }
  if (!why) return `${lines.join('\n')}\n`;
  const told = announcements.filter(({ announced }) => announced).map(({ peer }) => peer);
  lines.push(`announced to: ${told.join(', ') || 'nobody'}`);
  for (const { peer, announced, reason } of announcements) {
    if (!announced) lines.push(`not announced to ${peer}: ${reason ?? 'nothing says why'}`);
  }
  if (kernel.length === 0) lines.push('kernel: no route; none is wanted');
  return [...lines, ...kernel.map(kernelLine), ''].join('\n');
}

function kernelLine({ text, wanted, present, why }: BgpRouteAnswer['kernel'][0]): string {
  const state = present ? (wanted ? 'has it' : 'still has') : 'has not';
  return `kernel ${state}: ${text.replaceAll(/\s+/g, ' ')} (${why})`;
}
