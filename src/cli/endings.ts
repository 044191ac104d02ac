import { type Command, CommanderError } from 'commander';
import { reasonOf } from '../base/index.ts';
import { DaemonUnreachable, RequestRefused } from '../control/index.ts';
import { SilentEnd, UnreadableArgument, UsageError } from './errors.ts';
import type { Io } from './io.ts';

/** How a command line ends that could not be done: the words on stderr, and the exit code. */
export interface Ending {
  readonly words: string;
  readonly code: number;
}

/** Runs `work` to its exit code; `endingOf` says what is told of an error. */
export async function ended(
  io: Io,
  work: () => Promise<number>,
  endingOf: (error: unknown) => Ending,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof SilentEnd) return error.exitCode;
    const { words, code } = endingOf(error);
    io.stderr(`${words}\n`);
    return code;
  }
}

/** As Calico ends: exit code 1, whatever it is. */
export function calicoEnding(error: unknown, argv: readonly string[]): Ending {
  if (!isUsage(error)) return { words: reasonOf(error), code: 1 };
  const line = `invalid option: 'calicoctl ${argv.join(' ')}'. Use flag '--help' to read about a specific subcommand.`;
  return { words: isHelp(error) ? line : `${line}\n${reasonOf(error).replace(/^error: /, '')}`, code: 1 };
}

/**
 * As commands end that Calico doesn't have: 2 for what can't be asked so, 3 where no daemon answers, else 1. `isAnswer`: 1 is
 * an answer of its own, and what the daemon refuses is a question that can't be asked.
 */
export function ownEnding(error: unknown, root: Command, argv: readonly string[], isAnswer: boolean): Ending {
  if (isUsage(error)) {
    const { command, path } = commandOf(root, argv);
    const words = isHelp(error)
      ? command.helpInformation().trimEnd()
      : `${plain(reasonOf(error))}\nSee: ${path} --help`;
    return { words, code: 2 };
  }
  if (error instanceof DaemonUnreachable) {
    const advice = 'Start it: systemctl start vrouter, or see its pod. VROUTER_SOCKET names another socket.';
    return { words: `${reasonOf(error)}${error.absent ? `\n${advice}` : ''}`, code: 3 };
  }
  const isUnasked = error instanceof UnreadableArgument || (isAnswer && error instanceof RequestRefused);
  return { words: reasonOf(error), code: isUnasked ? 2 : 1 };
}

function isUsage(error: unknown): boolean {
  return error instanceof CommanderError || error instanceof UsageError;
}

/** Nothing was said of the commands that there are. */
function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.code === 'commander.help';
}

/** The command that these words lead to, as far as they do. */
function commandOf(root: Command, argv: readonly string[]): { readonly command: Command; readonly path: string } {
  let [command, path] = [root, root.name()];
  for (const word of argv) {
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (next === undefined) break;
    [command, path] = [next, `${path} ${next.name()}`];
  }
  return { command, path };
}

/** Commander's words: the value that is wrong first, then why, then where it stood. */
function plain(reason: string): string {
  const text = reason.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\?\)$/, "; did you mean '$1'?");
  const [, option, value, argument, why] =
    /^(?:option '(.+)' argument|command-argument value) '(.*)' is invalid(?: for argument '(.+)')?\. (.*)$/s.exec(
      text,
    ) ?? [];
  if (value === undefined) return text;
  const choices = /^Allowed choices are (.*)\.$/.exec(why)?.[1];
  return `'${value}'${choices === undefined ? `: ${why}` : ` is none of ${choices}`} (${option ?? argument})`;
}
