import { Command } from 'commander';
import type { Io } from '../io.ts';
import type { Writer } from '../resources/actions.ts';
import { type ExecuteOptions, execute } from '../resources/execute.ts';
import { type FileOptions, targetsOfFiles } from '../resources/targets.ts';
import { type StoreOptions, tryEnsureInitialized, withStore } from '../session.ts';
import { fileOptions, kindsHelp, namespaceOption, storeOptions } from './options.ts';
import { reportWrites, type Verb } from './outcome.ts';
import { readingFiles } from './reading.ts';

interface WriteOptions extends FileOptions, StoreOptions, ExecuteOptions {}

/** A command that does one thing with each resource of its files. */
export function writeCommand(io: Io, verb: Verb, action: Writer, settings: { stopAtFailure?: boolean } = {}): Command {
  return kindsHelp(storeOptions(namespaceOption(fileOptions(new Command(verb.base), true)))).action(
    async (options: WriteOptions) => {
      const targets = await readingFiles(() => targetsOfFiles(options, io));
      if (targets.length === 0) return reportWrites(io, verb, { total: 0, results: [], failures: [], kind: undefined });
      await withStore(io, options, async (context) => {
        await tryEnsureInitialized(context);
        reportWrites(io, verb, await execute(context, targets, action, { ...options, ...settings }));
      });
    },
  );
}
