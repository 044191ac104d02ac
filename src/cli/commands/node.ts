import { Command } from 'commander';
import type { Io } from '../io.ts';
import { checksystemCommand } from './node/checksystem.ts';
import { diagsCommand } from './node/diags.ts';
import { runCommand } from './node/run.ts';
import { nodeStatusCommand } from './node/status.ts';

export function nodeCommand(io: Io): Command {
  const command = new Command('node').description('Work on the node that this runs on.');
  for (const make of [runCommand, nodeStatusCommand, diagsCommand, checksystemCommand]) command.addCommand(make(io));
  return command;
}
