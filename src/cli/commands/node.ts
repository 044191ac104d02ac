import { Command } from 'commander';
import type { Io } from '../io.ts';
import { nodeStatusCommand } from './node-status.ts';

export function nodeCommand(io: Io): Command {
  return new Command('node').description('Work on the node that this runs on.').addCommand(nodeStatusCommand(io));
}
