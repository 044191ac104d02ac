import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { bgpPeersSchema, bgpRoutesSchema } from '../../control/answers.ts';
import { type BgpNeighbour, type BgpRoute, ROUTE_SELECTIONS, request, socketPath } from '../../control/index.ts';
import { SilentEnd, UnreadableArgument } from '../errors.ts';
import type { Io } from '../io.ts';
import { ago } from '../printers/ago.ts';
import { tabulate } from '../printers/tabwriter.ts';
import { requireRoot } from './root.ts';

interface NeighborOptions {
  readonly output: 'table' | 'json';
  readonly limit: number;
}

/** `vrouter bgp neighbor X [received|accepted|filtered|advertised|not-exported]` */
export function neighborCommand(io: Io): Command {
  return new Command('neighbor')
    .alias('neighbour')
    .description('One neighbour and its history, or its routes; exit code 1 when it is not up.')
    .argument('<peer>', 'its address, as `vrouter bgp summary` shows it')
    .addArgument(new Argument('[routes]', 'which of its routes to show').choices(ROUTE_SELECTIONS))
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['table', 'json']).default('table'))
    .option('--limit <count>', 'routes to show at most; the rest is counted', count, 1000)
    .action(async (name: string, which: (typeof ROUTE_SELECTIONS)[number] | undefined, options: NeighborOptions) => {
      requireRoot(io);
      const path = socketPath(io.env);
      if (which !== undefined) {
        const { limit } = options;
        const answer = await request(path, { op: 'bgp.routes', peer: name, selection: which, limit }, bgpRoutesSchema);
        if (options.output === 'json') return print(io, answer);
        io.stdout(answer.total === 0 ? `No ${which} routes.\n` : routes(answer.routes));
        if (answer.total > answer.routes.length) io.stdout(`and ${answer.total - answer.routes.length} more\n`);
        return;
      }
      const { peers } = await request(path, { op: 'bgp.peers' }, bgpPeersSchema);
      const peer = peers.find((one) => one.name === name || one.address === name);
      if (peer === undefined) throw new UnreadableArgument(`no BGP peer is called ${name}; see: vrouter bgp summary`);
      if (options.output === 'json') print(io, peer);
      else io.stdout(neighbour(peer, io.clock.wallTime()));
      if (peer.session !== 'Established') throw new SilentEnd(1);
    });
}

function neighbour(peer: BgpNeighbour, now: number): string {
  const { messages, prefixes, holdTime, routerId, gracefulRestart } = peer;
  const lines = [
    `BGP neighbor ${peer.name}, ${peer.type} ${peer.description}`,
    `  remote AS ${peer.remoteAs}, local AS ${peer.localAs}${routerId === undefined ? '' : `, router ID ${routerId}`}`,
    `  ${peer.session} for ${ago(now - peer.since)}${peer.reason === undefined ? '' : `: ${peer.reason}`}`,
    ...(holdTime === undefined ? [] : [`  hold time ${holdTime} s, families ${peer.families.join(', ')}`]),
    ...(peer.capabilities.length === 0 ? [] : [`  capabilities ${peer.capabilities.join(', ')}`]),
    ...bfdLine(peer),
    ...(gracefulRestart === undefined ? [] : [`  graceful restart: ${gracefulRestart}`]),
    `  messages: ${messages.received} received, ${messages.sent} sent (UPDATEs: ${messages.updatesReceived}, ${messages.updatesSent})`,
    `  prefixes: ${prefixes.received} received, ${prefixes.accepted} accepted, ${prefixes.advertised} advertised`,
    `  sessions lost: ${peer.flaps}`,
  ];
  const history = peer.history.map(({ at, isUp, reason, times = 1 }) => {
    const often = times > 1 ? ` (${ordinal(times)} time in a day)` : '';
    return `    ${new Date(at).toISOString()} ${isUp ? 'up' : `down: ${reason}${often}`}`;
  });
  if (history.length > 0) lines.push('  history, the newest first:', ...history);
  return `${lines.join('\n')}\n`;
}

function bfdLine({ bfd }: BgpNeighbour): string[] {
  if (bfd === undefined) return [];
  const { state, reason, multihop, interface: link, transmitInterval, detectionTime, downs } = bfd;
  if (state === undefined) return [`  BFD: none, ${reason}`];
  const where = `${multihop ? 'multihop' : 'single hop'} over ${link}`;
  const agreed = `every ${transmitInterval} ms, down after ${detectionTime} ms`;
  return [`  BFD: ${state}, ${where}, ${agreed}${reason === undefined ? '' : `: ${reason}`}; failures: ${downs}`];
}

function ordinal(value: number): string {
  const ending = { one: 'st', two: 'nd', few: 'rd' } as Readonly<Record<string, string>>;
  return `${value}${ending[new Intl.PluralRules('en', { type: 'ordinal' }).select(value)] ?? 'th'}`;
}

function routes(all: readonly BgpRoute[]): string {
  const rows = all.map((route) => [
    route.best ? '*>' : '',
    route.prefix,
    route.nextHop,
    String(route.med),
    String(route.localPref),
    route.asPath.join(' ') || '-',
    route.reason ?? '',
  ]);
  const heads = ['', 'NETWORK', 'NEXT HOP', 'METRIC', 'LOCPRF', 'PATH', 'WHY'];
  return tabulate([heads, ...rows]).replaceAll(/ +$/gm, '');
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 100_000)
    throw new InvalidArgumentError('a whole number up to 100000 is expected');
  return value;
}

function print(io: Io, value: unknown): void {
  io.stdout(`${JSON.stringify(value, undefined, 2)}\n`);
}
