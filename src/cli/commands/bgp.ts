import { Command, Option } from 'commander';
import { bgpPeersSchema } from '../../control/answers.ts';
import { type BgpNeighbour, request, socketPath } from '../../control/index.ts';
import { SilentEnd } from '../errors.ts';
import type { Io } from '../io.ts';
import { ago } from '../printers/ago.ts';
import { tabulate } from '../printers/tabwriter.ts';
import { neighborCommand } from './bgp-neighbor.ts';
import { routeCommand } from './bgp-route.ts';
import { requireRoot } from './root.ts';

/** `vrouter bgp`: the sessions of this node, the routes of each, and why a prefix goes where it goes. */
export function bgpCommand(io: Io): Command {
  const root = new Command('vrouter bgp').description("Show this node's BGP sessions and routes, and why they are so.");
  for (const make of [summaryCommand, neighborCommand, routeCommand]) root.addCommand(make(io));
  return root;
}

/** As `calicoctl` and FRR have it: one row a neighbour. Exit code 1 when a session is down. */
function summaryCommand(io: Io): Command {
  return new Command('summary')
    .description('One row for each neighbour, in the order of FRR; exit code 1 when one is not up.')
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['table', 'json']).default('table'))
    .action(async ({ output }: { readonly output: 'table' | 'json' }) => {
      requireRoot(io);
      const answer = await request(socketPath(io.env), { op: 'bgp.peers' }, bgpPeersSchema);
      const { nodename, bgp, peers } = answer;
      if (output === 'json') io.stdout(`${JSON.stringify(answer, undefined, 2)}\n`);
      else if (bgp === undefined) io.stdout(`Node ${nodename} speaks no BGP.\n`);
      else {
        io.stdout(`Node ${nodename}, AS ${bgp.asn}, router ID ${bgp.routerId}\n\n`);
        io.stdout(peers.length === 0 ? 'No neighbours.\n' : table(peers, io.clock.wallTime()));
      }
      if (!peers.every(isUp)) throw new SilentEnd(1);
    });
}

const COLUMNS = [
  'NEIGHBOR',
  'V',
  'AS',
  'MSGRCVD',
  'MSGSENT',
  'TBLVER',
  'INQ',
  'OUTQ',
  'UP/DOWN',
  'STATE/PFXRCD',
  'PFXSNT',
  'DESC',
];

function table(peers: readonly BgpNeighbour[], now: number): string {
  const rows = peers.map((peer) => [
    peer.name,
    '4',
    String(peer.remoteAs),
    String(peer.messages.received),
    String(peer.messages.sent),
    // Of these three FRR's readers expect columns; a speaker without versions and queues has none.
    ...['0', '0', '0'],
    ago(now - peer.since),
    isUp(peer) ? String(peer.prefixes.received) : peer.session,
    String(peer.prefixes.advertised),
    `${peer.type} ${peer.description}`,
  ]);
  return tabulate([COLUMNS, ...rows]).replaceAll(/ +$/gm, '');
}

function isUp({ session }: BgpNeighbour): boolean {
  return session === 'Established';
}
