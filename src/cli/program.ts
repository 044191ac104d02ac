import { Command } from 'commander';
import { applyCommand } from './commands/apply.ts';
import { clusterCommand } from './commands/cluster.ts';
import { completionCommand } from './commands/completion.ts';
import { createCommand } from './commands/create.ts';
import { datastoreCommand } from './commands/datastore.ts';
import { deleteCommand } from './commands/delete.ts';
import { getCommand } from './commands/get.ts';
import { ipamCommand } from './commands/ipam.ts';
import { labelCommand } from './commands/label.ts';
import { nodeCommand } from './commands/node.ts';
import { patchCommand } from './commands/patch.ts';
import { replaceCommand } from './commands/replace.ts';
import { validateCommand } from './commands/validate.ts';
import { versionCommand } from './commands/version.ts';
import { CommandError } from './errors.ts';
import type { Io } from './io.ts';

const COMMANDS = [
  createCommand,
  replaceCommand,
  applyCommand,
  deleteCommand,
  getCommand,
  patchCommand,
  labelCommand,
  validateCommand,
  ipamCommand,
  nodeCommand,
  versionCommand,
  datastoreCommand,
  clusterCommand,
  completionCommand,
];

const LOG_LEVELS = 'panic, fatal, error, warn, info, debug';
/** The words that Calico reads as levels besides those. */
const MORE_LEVELS = ['warning', 'trace'];

/** The whole command line, writing through `io` and throwing instead of exiting. */
export function program(io: Io): Command {
  const root = new Command('calicoctl')
    .description('Reads and writes the resources of a cluster, and looks after its nodes.')
    .option('-l, --log-level <level>', `how much to log: ${LOG_LEVELS}`, 'panic')
    .option('--context <context>', 'name of the kubeconfig context to use')
    .option('--allow-version-mismatch', 'work although client and cluster are of different versions')
    .enablePositionalOptions()
    .helpCommand(false)
    .hook('preAction', inherit);
  for (const make of COMMANDS) root.addCommand(make(io));
  return prepared(root, io);
}

/**
 * Makes the command and all below it write through `io`, and throw instead of exiting. With `isShort`, a list of commands has their
 * names alone: each has its own help, and what it does has room in 80 columns.
 */
export function prepared(root: Command, io: Io, isShort = false): Command {
  for (const command of family(root)) {
    command.exitOverride().configureOutput({ writeOut: io.stdout, writeErr: () => {} });
    if (isShort) command.configureHelp({ subcommandTerm: (one) => [one.name(), ...one.aliases()].join(', ') });
  }
  return root;
}

/** Options before the command's name are as good as after it. */
function inherit(root: Command, command: Command): void {
  const level = String(root.opts()['logLevel']).toLowerCase();
  if (![...LOG_LEVELS.split(', '), ...MORE_LEVELS].includes(level)) {
    throw new CommandError(`unknown log level: ${root.opts()['logLevel']}, expected one of: ${LOG_LEVELS}`);
  }
  for (const [name, value] of Object.entries(root.opts())) {
    if (command.getOptionValue(name) === undefined) command.setOptionValue(name, value);
  }
}

function family(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(family)];
}
