/**
 * cli: calicoctl, to the letter of Calico's.
 *
 *   argv → program (commander) → commands/ → manifest/ (files → targets) ┐
 *                                            arguments → targets         ┴→ resources/ (actions on the store) → printers/
 *
 * A command never touches the kernel: it reads and writes the store, or asks the daemon over its socket (`node
 * status`). All text that scripts may depend on (tables, YAML, messages) is in `printers/` and tested by the byte.
 * Failures are thrown; `runCalicoctl` prints them on stderr and answers with the exit code, 0 or 1.
 */
import { CommanderError } from 'commander';
import { reasonOf } from '../base/index.ts';
import { UsageError } from './errors.ts';
import { type Io, processIo } from './io.ts';
import { program } from './program.ts';

export type { Io } from './io.ts';

/** Runs one command line (without the program's own name). What `io` leaves out is the process's own. */
export async function runCalicoctl(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  const world = { ...processIo(), ...io };
  try {
    const root = program(world);
    if (argv.length === 0) {
      world.stderr(root.helpInformation());
      return 1;
    }
    await root.parseAsync(argv.map(modern), { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    world.stderr(`${describe(error, argv)}\n`);
    return 1;
  }
}

/** `-a` is the old name of `-A`. */
function modern(argument: string): string {
  return argument === '-a' ? '-A' : argument;
}

function describe(error: unknown, argv: readonly string[]): string {
  if (!(error instanceof CommanderError) && !(error instanceof UsageError)) return reasonOf(error);
  const line = `calicoctl ${argv.join(' ')}`;
  const reason = reasonOf(error).replace(/^error: /, '');
  return `invalid option: '${line}'. Use flag '--help' to read about a specific subcommand.\n${reason}`;
}
