import { Command, Option } from 'commander';
import { CommandError, UsageError } from '../errors.ts';
import { type ExplainedName, explanationText, namesLike, shelf, spellingOf } from '../explain/index.ts';
import type { Io } from '../io.ts';

interface ExplainOptions {
  readonly output: 'text' | 'json';
  readonly list?: boolean;
}

/** `vrouter explain NAME`: what an error code, a metric or an alert means, without any network. */
export function explainCommand(io: Io): Command {
  return new Command('vrouter explain')
    .description(
      'Say what an error code, a metric or an alert means and what to do, offline: EXHAUSTED, vrouter_ready, BGPSessionDown, CNI 11.',
    )
    .argument('[code...]', 'the name, in any case; alerts also without VRouter')
    .option('-l, --list', 'the names of all there are, one a line')
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExit code: 0 it is explained, 1 there is no such name, 2 wrong usage.')
    .action((words: readonly string[], { output, list = false }: ExplainOptions) => {
      const all = shelf();
      if (list) return io.stdout(output === 'json' ? printed(all) : all.map(({ name }) => `${name}\n`).join(''));
      const typed = words.join(' ');
      if (typed === '') throw new UsageError('name an error code, a metric or an alert; --list shows all');
      const found = all.filter(({ name }) => spellingOf(name) === spellingOf(typed));
      if (found.length === 0) throw new CommandError(`nothing is called '${typed}'${hint(all, typed)}`);
      io.stdout(output === 'json' ? printed(found) : found.map(explanationText).join('\n'));
    });
}

function hint(all: readonly ExplainedName[], typed: string): string {
  const near = namesLike(all, typed);
  return near.length === 0 ? '; --list shows all names' : `; there is ${near.join(', ')}`;
}

function printed(entries: readonly ExplainedName[]): string {
  return `${JSON.stringify(entries, undefined, 2)}\n`;
}
