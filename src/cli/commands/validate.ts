import { Command } from 'commander';
import type { Io } from '../io.ts';
import { checked } from '../resources/actions.ts';
import { executeAlone } from '../resources/execute.ts';
import type { NamespaceOptions } from '../resources/target.ts';
import { type FileOptions, targetsOfFiles } from '../resources/targets.ts';
import { fileOptions, kindsHelp, namespaceOption, storeOptions } from './options.ts';
import { reportWrites } from './outcome.ts';
import { readingFiles } from './reading.ts';

export function validateCommand(io: Io): Command {
  return kindsHelp(storeOptions(namespaceOption(fileOptions(new Command('validate'), true))))
    .description('Check resources of a file or stdin; no datastore is asked, whatever --config says.')
    .action(async (options: FileOptions & NamespaceOptions) => {
      const targets = await readingFiles(() => targetsOfFiles(options, io));
      const outcome = await executeAlone(targets, checked, options);
      reportWrites(io, { base: 'validate', past: 'validated' }, outcome);
    });
}
