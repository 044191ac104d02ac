import { Argument, Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion/index.ts';
import type { Io } from '../io.ts';

/** Prints what a shell is to be told, so that it completes commands, options, kinds and names. */
export function completionCommand(io: Io, whole?: () => Command): Command {
  return new Command('completion')
    .description('Print a script that makes a shell complete commands, options and kinds: source <(… completion bash).')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(SHELLS))
    .action((shell: Shell, _options: unknown, command: Command) => {
      io.stdout(completionScript(shell, whole?.() ?? command.parent ?? command));
    });
}
