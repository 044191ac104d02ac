import { Argument, Command, Option } from 'commander';
import { socketPath } from '../../control/index.ts';
import type { Io } from '../io.ts';
import { questionsOf, runTop, snapshotText, VIEW_NAMES, type ViewName } from '../top/index.ts';
import { seconds } from './options.ts';
import { requireRoot } from './root.ts';

interface TopCommandOptions {
  readonly output: 'text' | 'json';
  readonly interval: number;
  readonly once?: boolean;
}

/** `vrouter top`: the node at one screen; one look where there is no terminal. */
export function topCommand(io: Io): Command {
  return new Command('vrouter top')
    .description(
      'Show this node at one screen that keeps up to date, with keys as in k9s: sessions, pods, policies, drops, blocks. Without a terminal it is printed once.',
    )
    .addArgument(new Argument('[view]', 'what to begin with').choices(VIEW_NAMES).default('sessions'))
    .option('--interval <seconds>', 'between two looks', seconds, 2)
    .option('--once', 'print one look, though there is a terminal')
    .addOption(new Option('-o, --output <format>', 'how to print one look').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      '\nKeys: :NAME another view, /TEXT filter, arrows, ? help, q quit.\nExit code: 0, 2 wrong usage, 3 no daemon answers.',
    )
    .action(async (view: ViewName, { output, interval, once = false }: TopCommandOptions) => {
      requireRoot(io);
      const socket = socketPath(io.env);
      const isTerminal = io.terminal !== undefined && io.env['TERM'] !== 'dumb';
      if (isTerminal && !once && output === 'text') {
        const isPlain = (io.env['NO_COLOR'] ?? '') !== '';
        const options = { view, socket, clock: io.clock, interval: Math.max(0.5, interval) * 1000, isPlain };
        return runTop(options, ...io.terminal);
      }
      const answers = await questionsOf(view, socket);
      if (output === 'json') io.stdout(`${JSON.stringify(answers, undefined, 2)}\n`);
      else io.stdout(snapshotText(view, answers, io.clock.wallTime()));
    });
}
