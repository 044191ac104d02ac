import { Command, Option } from 'commander';
import { reasonOf } from '../../base/index.ts';
import { NotFound, UpdateConflict } from '../../datastore/index.ts';
import { type KindName, type Resource, type ResourceOf, resourceKeyText, validateAs } from '../../model/index.ts';
import { CommandError, FileError } from '../errors.ts';
import { decode } from '../go-types/index.ts';
import type { Io } from '../io.ts';
import { parseValue, type RawObject } from '../manifest/documents.ts';
import { mustGet, type Writer, writeOver } from '../resources/actions.ts';
import { execute, type Outcome } from '../resources/execute.ts';
import { patched } from '../resources/patch.ts';
import type { NamespaceOptions } from '../resources/target.ts';
import { targetsOfArguments } from '../resources/targets.ts';
import type { StoreOptions } from '../session.ts';
import { type DryRunOptions, dryRunMark, dryRunOption, withWrittenStore } from './dry-run.ts';
import { kindsHelp, namespaceOption, storeOptions } from './options.ts';

interface PatchOptions extends StoreOptions, NamespaceOptions, DryRunOptions {
  readonly patch: string;
  readonly type: string;
}

export function patchCommand(io: Io): Command {
  return kindsHelp(dryRunOption(storeOptions(namespaceOption(new Command('patch')))))
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
      await withWrittenStore(io, options, async (context) => {
        report(io, await execute(context, targets, patchAction(patch), options), dryRunMark(options));
      });
    });
}

function patchAction(patch: unknown): Writer {
  return async (context, target) => {
    const stored = await mustGet(context.store, target);
    const decoded = decodePatched(target.kind, patched(stored, patch), stored);
    try {
      const wanted = validateAs(target.kind, decoded, { names: target.kind === 'Node' ? 'runtime' : 'user' });
      refuseOther(stored, wanted);
      return await writeOver(context, target, stored, wanted);
    } catch (error) {
      throw new CommandError(`updating existing resource: ${reasonOf(error)}`, { cause: error });
    }
  };
}

/** A patch gives no object another name, and one that names a revision is for that one alone. */
function refuseOther({ metadata: stored }: Resource, { kind, metadata: wanted }: ResourceOf<KindName>): void {
  const { name, namespace, resourceVersion } = wanted;
  const key = resourceKeyText(kind, name, namespace);
  if (name !== stored.name || namespace !== stored.namespace) throw new NotFound(key);
  if (resourceVersion !== undefined && resourceVersion !== stored.resourceVersion) throw new UpdateConflict(key);
}

function decodePatched(kind: KindName, document: unknown, stored: Resource): RawObject {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new CommandError('patch: what is left is no object');
  }
  try {
    return decode(kind, document as RawObject, stored);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new CommandError(`creating resource from patched data: ${error.message}`, { cause: error });
  }
}

function report(io: Io, { failures, kind }: Outcome, mark: string): void {
  if (failures.length > 0) throw new CommandError(`hit error: ${failures[0]}`);
  io.stdout(`Successfully patched 1 '${kind}' resource${mark}\n`);
}
