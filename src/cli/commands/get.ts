import { Command } from 'commander';
import { reasonOf } from '../../base/index.ts';
import { CommandError } from '../errors.ts';
import type { Io } from '../io.ts';
import { outputOf } from '../printers/index.ts';
import { getOrList } from '../resources/actions.ts';
import { type ExecuteOptions, execute } from '../resources/execute.ts';
import { exported } from '../resources/exported.ts';
import type { Target } from '../resources/target.ts';
import { type StoreOptions, withStore } from '../session.ts';
import { fileOptions, kindsHelp, namespaceOption, storeOptions } from './options.ts';
import { type NamedOptions, targetsOf } from './selection.ts';

interface GetOptions extends NamedOptions, StoreOptions, ExecuteOptions {
  readonly output: string;
  readonly export?: boolean;
}

const OUTPUTS = 'ps, wide, yaml, json, name, custom-columns=A,B, go-template=T, go-template-file=F';

export function getCommand(io: Io): Command {
  return kindsHelp(storeOptions(namespaceOption(fileOptions(new Command('get'), false))))
    .description('Show resources by kind and name, or those that a file or stdin names.')
    .argument('[KIND]', 'kind of the resources, in any case, singular or plural')
    .argument('[NAME...]', 'names of the resources; all of the kind when none is given')
    .option('-o, --output <FORMAT>', `one of ${OUTPUTS}`, 'ps')
    .option('-A, --all-namespaces', 'resources of all namespaces')
    .option('--export', 'without what belongs to this cluster alone; only for resources by name')
    .action(async (kind: string | undefined, names: string[], options: GetOptions) => {
      const print = await outputOf(options.output, io, options);
      const targets = await selected(io, kind, names, options);
      await withStore(io, options, async (context) => {
        const outcome = await execute(context, targets, getOrList, options);
        const results = options.export && names.length > 0 ? outcome.results.map(exported) : outcome.results;
        io.stdout(await print(results, context.store));
        if (outcome.failures.length > 0) throw new CommandError(outcome.failures.join('\n'));
      });
    });
}

async function selected(
  io: Io,
  kind: string | undefined,
  names: readonly string[],
  options: NamedOptions,
): Promise<readonly Target[]> {
  try {
    return await targetsOf(io, kind, names, options);
  } catch (error) {
    if (!(error instanceof CommandError) || error.message.startsWith('failed to execute')) throw error;
    throw new CommandError(`failed to get resources: ${reasonOf(error)}`, { cause: error });
  }
}
