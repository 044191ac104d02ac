import { Command } from 'commander';
import { reasonOf } from '../../base/index.ts';
import { type KindName, type ResourceOf, validateAs } from '../../model/index.ts';
import { CommandError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { mustGet, type Writer, writeOver } from '../resources/actions.ts';
import { execute } from '../resources/execute.ts';
import type { NamespaceOptions } from '../resources/target.ts';
import { targetsOfArguments } from '../resources/targets.ts';
import { type StoreOptions, withStore } from '../session.ts';
import { kindsHelp, namespaceOption, storeOptions } from './options.ts';

interface LabelOptions extends StoreOptions, NamespaceOptions {
  readonly overwrite?: boolean;
  readonly remove?: boolean;
}

type Labels = Readonly<Record<string, string>>;

/** A change of labels, and the words when it is done. */
interface Change {
  readonly apply: (labels: Labels) => Labels;
  readonly done: (before: Labels) => string;
}

export function labelCommand(io: Io): Command {
  return kindsHelp(storeOptions(namespaceOption(new Command('label'))))
    .description('Set, change or remove a label of a resource.')
    .argument('<KIND>', 'kind of the resource')
    .argument('<NAME>', 'name of the resource')
    .argument('<LABEL>', 'key=value, or just the key with --remove')
    .option('--overwrite', 'change the value of a label that is there')
    .option('--remove', 'remove the label')
    .action(async (kind: string, name: string, label: string, options: LabelOptions) => {
      const targets = targetsOfArguments(kind, [name]);
      const change = changeOf(label, `${kind} ${name}`, options);
      let before: Labels = {};
      const action: Writer = async (context, target) => {
        const stored = await mustGet(context.store, target);
        before = stored.metadata.labels ?? {};
        const labels = change.apply(before);
        const wanted = valid({ ...stored, metadata: { ...stored.metadata, labels } }, `${kind} ${name}`);
        const result = await writeOver(context, target, stored, wanted);
        mustHold(labels, result.items[0]?.metadata.labels ?? {}, `${kind} ${name}`);
        return result;
      };
      await withStore(io, options, async (context) => {
        const { failures } = await execute(context, targets, action, options);
        if (failures.length > 0) throw new CommandError(failures[0]);
        io.stdout(`Successfully ${change.done(before)} ${kind} ${name}\n`);
      });
    });
}

/** What no other command would write, this one doesn't either: nobody could change the object any more. */
function valid(wanted: ResourceOf<KindName>, resource: string): ResourceOf<KindName> {
  try {
    return validateAs(wanted.kind, wanted, { names: wanted.kind === 'Node' ? 'runtime' : 'user' });
  } catch (error) {
    throw new CommandError(`failed to update ${resource}, label not changed: ${reasonOf(error)}`, { cause: error });
  }
}

/** A Node of Kubernetes shows that one's labels before those that it has here. */
function mustHold(wanted: Labels, written: Labels, resource: string): void {
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(written)])];
  const other = keys.find((key) => wanted[key] !== written[key]);
  if (other === undefined) return;
  throw new CommandError(
    `failed to update ${resource}, label not changed: ${other} is Kubernetes' own there; change it with kubectl label`,
  );
}

function changeOf(label: string, resource: string, { overwrite, remove }: LabelOptions): Change {
  if (overwrite && remove) throw new UsageError('--overwrite and --remove exclude each other');
  return remove ? removal(label, resource) : setting(label, resource, overwrite ?? false);
}

function removal(key: string, resource: string): Change {
  return {
    apply: (labels) => {
      const { [key]: value, ...others } = labels;
      if (value !== undefined) return others;
      throw new CommandError(`cannot remove label of ${resource}, key ${key} does not exist`);
    },
    done: () => `removed label ${key} from`,
  };
}

function setting(label: string, resource: string, overwrite: boolean): Change {
  const at = label.indexOf('=');
  if (at < 1) throw new CommandError(`invalid label ${label}`);
  const [key, value] = [label.slice(0, at), label.slice(at + 1)];
  return {
    apply: (labels) => {
      if (!Object.hasOwn(labels, key) || overwrite || labels[key] === value) return { ...labels, [key]: value };
      throw new CommandError(
        `failed to update label of ${resource}, key ${key} is already present. ` +
          "please use '--overwrite' to set a new value.",
      );
    },
    done: (before) => `${Object.hasOwn(before, key) ? 'updated' : 'set'} label ${key} on`,
  };
}
