import { type Command, Option } from 'commander';
import { reasonOf } from '../../base/index.ts';
import { changesSchema } from '../../control/answers.ts';
import { type ChangedFlow, request, socketPath } from '../../control/index.ts';
import { type Rehearsed, rehearsal } from '../../datastore/index.ts';
import type { KindName } from '../../model/index.ts';
import type { Io } from '../io.ts';
import { tabulate } from '../printers/tabwriter.ts';
import type { Context } from '../resources/context.ts';
import { type StoreOptions, tryEnsureInitialized, withStore } from '../session.ts';

/** The kinds that a verdict about pods can depend on. */
const JUDGED: readonly KindName[] = [
  ...(['NetworkPolicy', 'GlobalNetworkPolicy', 'Tier', 'NetworkSet', 'GlobalNetworkSet', 'Profile'] as const),
  ...(['HostEndpoint', 'WorkloadEndpoint', 'Node'] as const),
];

/** As kubectl has it: `server` checks all that a write checks, `client` what can be checked without asking others. */
export interface DryRunOptions {
  readonly dryRun: 'none' | 'client' | 'server';
}

export function dryRunOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--dry-run <strategy>',
      'write nothing: "client" checks the resources, "server" also whether they could be written, and lists the live ' +
        "connections of this node's pods whose verdict would change",
    )
      .choices(['none', 'client', 'server'])
      .default('none'),
  );
}

/** The mark behind the words of a success. */
export function dryRunMark({ dryRun }: DryRunOptions): string {
  return dryRun === 'none' ? '' : dryRun === 'client' ? ' (dry run)' : ' (server dry run)';
}

/** Opens the store for a command that writes; a dry run writes beside it, and then tells what that would have done. */
export async function withWrittenStore(
  io: Io,
  options: StoreOptions & DryRunOptions,
  use: (context: Context) => Promise<void>,
): Promise<void> {
  await withStore(io, options, async (context) => {
    if (options.dryRun === 'none') return use(context);
    // Objects that are always there are no change of the user's.
    const ready = { ...context, store: rehearsal(context.store, io.clock).store };
    await tryEnsureInitialized(ready);
    const { store, changes } = rehearsal(ready.store, io.clock);
    await use({ ...context, store });
    if (options.dryRun === 'server') await tellChanges(io, changes());
  });
}

/** Tells what the changes mean for the live connections of this node's pods. */
async function tellChanges(io: Io, rehearsed: readonly Rehearsed[]): Promise<void> {
  const changes = rehearsed
    .filter(({ key }) => JUDGED.includes(key.kind))
    .map(({ key: { kind, name, namespace }, resource }) => ({
      ...{ kind, name },
      ...(namespace !== undefined && { namespace }),
      ...(resource !== undefined && { resource: { ...resource } }),
    }));
  if (changes.length === 0) return;
  try {
    const answer = await request(socketPath(io.env), { op: 'policy.changes', changes }, changesSchema);
    if (answer.changed.length > 0) io.stdout(table(answer.changed));
    const count = answer.changed.length + answer.more;
    io.stdout(`The verdict of ${count} of ${answer.flows} live connections of this node's pods would change\n`);
  } catch (error) {
    io.stderr(`Checked, but not against live connections: ${reasonOf(error)}\n`);
  }
}

function table(flows: readonly ChangedFlow[]): string {
  const rows = flows.map(({ source, destination, protocol, destinationPort, before, after }) => [
    source,
    destination,
    destinationPort === undefined ? protocol : `${protocol}/${destinationPort}`,
    wordOf(before),
    wordOf(after),
  ]);
  return tabulate([['SOURCE', 'DESTINATION', 'PROTOCOL', 'BEFORE', 'AFTER'], ...rows]).replaceAll(/ +$/gm, '');
}

function wordOf({ allowed, direction, decidedBy }: ChangedFlow['before']): string {
  return `${allowed ? 'allowed' : 'denied'} (${direction}: ${decidedBy})`;
}
