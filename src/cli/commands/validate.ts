import { Command } from 'commander';
import { validate } from '../../model/index.ts';
import { CommandError } from '../errors.ts';
import type { Io } from '../io.ts';
import { type FileOptions, targetsOfFiles } from '../manifest/targets.ts';
import { rawOf } from '../resources/actions.ts';
import { executeAlone } from '../resources/execute.ts';
import { fileOptions, kindsHelp, versionOption } from './options.ts';
import { reportWrites } from './outcome.ts';
import { readingFiles } from './reading.ts';

export function validateCommand(io: Io): Command {
  return kindsHelp(versionOption(fileOptions(new Command('validate'), true)))
    .description('Check resources of a file or stdin without a datastore.')
    .action(async (options: FileOptions) => {
      const targets = await readingFiles(() => targetsOfFiles(options, io));
      const outcome = await executeAlone(targets, (target) => {
        if (target.raw === undefined) throw new CommandError('No resources specified');
        return { kind: target.kind, items: [validate(rawOf(target))] };
      });
      reportWrites(io, { base: 'validate', past: 'validated' }, outcome);
    });
}
