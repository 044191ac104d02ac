import { Command } from 'commander';
import { nodeStatusSchema } from '../../../control/answers.ts';
import {
  DaemonUnreachable,
  type NodeStatusPeer,
  request,
  type StatusAnswer,
  socketPath,
} from '../../../control/index.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { box } from '../../printers/box.ts';
import { sinceText } from '../../printers/since.ts';
import { versionOption } from '../options.ts';
import { requireRoot } from '../root.ts';

const HEADINGS = ['Peer address', 'Peer type', 'State', 'Since', 'Info'];

export function nodeStatusCommand(io: Io): Command {
  return versionOption(new Command('status'))
    .description('Show whether this node runs, and its BGP sessions.')
    .action(async () => {
      requireRoot(io);
      const status = await askDaemon(io);
      io.stdout(`Calico process is running.\n${nodeStatusText(status, io.clock.wallTime())}`);
    });
}

/** The sessions of both families, as Calico shows them. */
export function nodeStatusText({ bgp }: StatusAnswer, now: number): string {
  if (bgp === undefined) return '\nThe BGP backend process (BIRD) is not running.\n\n';
  return `${section(4, bgp.peers, now)}${section(6, bgp.peers, now)}\n`;
}

function section(family: 4 | 6, peers: readonly NodeStatusPeer[], now: number): string {
  const rows = peers
    .filter((peer) => peer.family === family)
    .map(({ address, type, state, since, info }) => [address, type, state, sinceText(since, now), info]);
  const body = rows.length === 0 ? `No IPv${family} peers found.\n` : box(HEADINGS, rows);
  return `\nIPv${family} BGP status\n${body}`;
}

async function askDaemon(io: Io) {
  const socket = socketPath(io.env);
  try {
    return await request(socket, { op: 'status' }, nodeStatusSchema);
  } catch (error) {
    if (!(error instanceof DaemonUnreachable && error.absent)) throw error;
    throw new CommandError('Calico process is not running.', { cause: error });
  }
}
