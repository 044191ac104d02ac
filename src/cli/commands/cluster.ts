import { Command } from 'commander';
import type { Io } from '../io.ts';
import { clusterDiagsCommand } from './cluster/diags.ts';

export function clusterCommand(io: Io): Command {
  return new Command('cluster').description('Work on the cluster as a whole.').addCommand(clusterDiagsCommand(io));
}
