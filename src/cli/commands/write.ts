import { Command } from 'commander';
import type { Io } from '../io.ts';
import { checked, type Writer } from '../resources/actions.ts';
import { type ExecuteOptions, execute, executeAlone } from '../resources/execute.ts';
import { type FileOptions, targetsOfFiles } from '../resources/targets.ts';
import { type StoreOptions, tryEnsureInitialized } from '../session.ts';
import { type DryRunOptions, dryRunMark, dryRunOption, withWrittenStore } from './dry-run.ts';
import { fileOptions, kindsHelp, namespaceOption, storeOptions } from './options.ts';
import { reportWrites, type Verb } from './outcome.ts';
import { readingFiles } from './reading.ts';

interface WriteOptions extends FileOptions, StoreOptions, ExecuteOptions, DryRunOptions {}

/** A command that does one thing with each resource of its files. */
export function writeCommand(io: Io, verb: Verb, action: Writer, settings: { stopAtFailure?: boolean } = {}): Command {
  return kindsHelp(dryRunOption(storeOptions(namespaceOption(fileOptions(new Command(verb.base), true))))).action(
    async (options: WriteOptions) => {
      const targets = await readingFiles(() => targetsOfFiles(options, io));
      if (targets.length === 0) return reportWrites(io, verb, { total: 0, results: [], failures: [], kind: undefined });
      const all = { ...options, ...settings };
      const mark = dryRunMark(options);
      if (options.dryRun === 'client') return reportWrites(io, verb, await executeAlone(targets, checked, all), mark);
      await withWrittenStore(io, options, async (context) => {
        await tryEnsureInitialized(context);
        reportWrites(io, verb, await execute(context, targets, action, all), mark);
      });
    },
  );
}
