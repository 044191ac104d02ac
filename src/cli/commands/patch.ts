import { Command, Option } from 'commander';
import { reasonOf } from '../../base/index.ts';
import { validateAs } from '../../model/index.ts';
import { CommandError } from '../errors.ts';
import type { Io } from '../io.ts';
import { parseValue } from '../manifest/documents.ts';
import { targetsOfArguments } from '../manifest/targets.ts';
import { mustGet, type Writer, writeOver } from '../resources/actions.ts';
import { execute, type Outcome } from '../resources/execute.ts';
import { patched } from '../resources/patch.ts';
import type { NamespaceOptions } from '../resources/target.ts';
import { type StoreOptions, withStore } from '../session.ts';
import { kindsHelp, namespaceOption, storeOptions } from './options.ts';

interface PatchOptions extends StoreOptions, NamespaceOptions {
  readonly patch: string;
  readonly type: string;
}

export function patchCommand(io: Io): Command {
  return kindsHelp(storeOptions(namespaceOption(new Command('patch'))))
    .description('Change some fields of a resource.')
    .argument('<KIND>', 'kind of the resource')
    .argument('<NAME>', 'name of the resource')
    .requiredOption(
      '-p, --patch <PATCH>',
      'the fields to change, JSON or YAML; a list is taken as JSON Patch operations',
    )
    .addOption(
      new Option('-t, --type <TYPE>', 'what the patch is').choices(['strategic', 'json', 'merge']).default('strategic'),
    )
    .action(async (kind: string, name: string, options: PatchOptions) => {
      const targets = targetsOfArguments(kind, [name]);
      const patch = parseValue(options.patch);
      await withStore(io, options, async (context) => {
        report(io, await execute(context, targets, patchAction(patch), options));
      });
    });
}

function patchAction(patch: unknown): Writer {
  return async (context, target) => {
    const stored = await mustGet(context.store, target);
    try {
      const wanted = validateAs(target.kind, patched(stored, patch));
      return await writeOver(context, target, stored, wanted);
    } catch (error) {
      throw new CommandError(`updating existing resource: ${reasonOf(error)}`, { cause: error });
    }
  };
}

function report(io: Io, { failures, kind }: Outcome): void {
  if (failures.length > 0) throw new CommandError(`hit error: ${failures[0]}`);
  io.stdout(`Successfully patched 1 '${kind}' resource\n`);
}
