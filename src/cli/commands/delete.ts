import { Command } from 'commander';
import { CommandError } from '../errors.ts';
import type { Io } from '../io.ts';
import { remove } from '../resources/actions.ts';
import { type ExecuteOptions, execute } from '../resources/execute.ts';
import type { StoreOptions } from '../session.ts';
import { type DryRunOptions, dryRunMark, dryRunOption, withWrittenStore } from './dry-run.ts';
import { fileOptions, kindsHelp, namespaceOption, storeOptions } from './options.ts';
import { type NamedOptions, targetsOf } from './selection.ts';

type DeleteOptions = NamedOptions & StoreOptions & ExecuteOptions & DryRunOptions;

export function deleteCommand(io: Io): Command {
  return kindsHelp(dryRunOption(storeOptions(namespaceOption(fileOptions(new Command('delete'), false)))))
    .description('Delete resources by kind and name, or those of a file or stdin.')
    .argument('[KIND]', 'kind of the resources, in any case, singular or plural')
    .argument('[NAME...]', 'names of the resources')
    .option('-s, --skip-not-exists', 'treat resources that do not exist as deleted')
    .action(async (kind: string | undefined, names: string[], options: DeleteOptions) => {
      const targets = await targetsOf(io, kind, names, options);
      if (targets.length === 0) return io.stdout('No resources specified\n');
      await withWrittenStore(io, options, async (context) => {
        const outcome = await execute(context, targets, remove, options);
        const quoted = outcome.kind === undefined ? '' : ` '${outcome.kind}'`;
        if (outcome.results.length > 0) {
          io.stdout(`Successfully deleted ${outcome.results.length}${quoted} resource(s)${dryRunMark(options)}\n`);
        }
        if (outcome.failures.length === 0) return;
        throw new CommandError(
          outcome.failures.map((reason) => `failed to delete${quoted} resource: ${reason}`).join('\n'),
        );
      });
    });
}
