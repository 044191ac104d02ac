import { Command, CommanderError } from 'commander';
import { SETTINGS } from './config.ts';

export interface Flags {
  readonly config?: string;
  readonly check?: boolean;
  readonly set: readonly string[];
  readonly nodename?: string;
  readonly ip?: string;
  readonly as?: string;
  readonly logLevel?: string;
}

/** Where help and complaints go. */
interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** Reads the command line; gives the exit code where that was all (`--help`) or it could not be understood. */
export function parseFlags(args: readonly string[], io: Streams): Flags | number {
  const command = daemonCommand()
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) });
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    throw error;
  }
  return command.opts<Flags>();
}

/** `vrouter daemon` as a command line. */
export function daemonCommand(): Command {
  return new Command('vrouter daemon')
    .description(
      'Runs the node. Settings have the names that they have in Calico, in the environment, in a file, or here.',
    )
    .option('--config <file>', 'YAML file of settings, a line each: NODENAME: node1')
    .option('--nodename <name>', 'NODENAME')
    .option('--ip <address>', 'IP')
    .option('--as <number>', 'AS')
    .option('--log-level <level>', 'FELIX_LOGSEVERITYSCREEN')
    .option('--set <NAME=VALUE>', 'any other setting', (value: string, all: string[]) => [...all, value], [])
    .option('--check', 'check the settings and exit')
    .addHelpText(
      'after',
      `\nSettings:\n  ${SETTINGS.join('\n  ')}\n\nand DATASTORE_TYPE with the variables of calicoctl.`,
    );
}
