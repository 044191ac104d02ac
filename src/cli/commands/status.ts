import { Argument, Command, Option } from 'commander';
import * as z from 'zod';
import { explainedEntrySchema } from '../../control/answers.ts';
import { type ExplainedEntry, request, socketPath } from '../../control/index.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { tabulate } from '../printers/tabwriter.ts';
import { seconds } from './options.ts';
import { requireRoot } from './root.ts';
import { clusterStatus } from './status-cluster.ts';
import { overview } from './status-overview.ts';

const EXPLAINED = ['routes', 'tunnels', 'endpoints', 'nat', 'egress', 'services'] as const;
type Explained = (typeof EXPLAINED)[number];

interface StatusOptions {
  readonly output: 'table' | 'json';
  readonly cluster?: boolean;
  readonly config?: string;
  readonly wait?: boolean;
  readonly timeout?: number;
}

/** `vrouter status`: the node as a whole, or each entry that it keeps in the kernel, with why. */
export function statusCommand(io: Io): Command {
  return new Command('vrouter status')
    .description(
      'Show what this node does and why: all at once, or each route, tunnel, pod, rule of the packet filter, egress address or address of a Service.',
    )
    .addArgument(
      new Argument('[what]', 'the entries to explain; nothing for health, sessions and problems').choices(EXPLAINED),
    )
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['table', 'json']).default('table'))
    .option('--cluster', 'all nodes instead, asked by way of the datastore')
    .option('-c, --config <file>', 'with --cluster: how to reach the datastore, as for calicoctl')
    .option('--wait', 'until the node is well, or the time is up')
    .option('--timeout <seconds>', 'how long to wait: with --wait 60, with --cluster 5 unless said', seconds)
    .addHelpText('after', '\nExit code: 0 the node is well, 1 it is not, 2 wrong usage, 3 no daemon answers.')
    .action(async (what: Explained | undefined, { output, cluster, wait, timeout, config }: StatusOptions) => {
      if (cluster && what !== undefined) throw new UsageError(`--cluster shows nodes, not their ${what}`);
      if (cluster) return clusterStatus(io, { output, timeout: timeout ?? 5, ...(config !== undefined && { config }) });
      requireRoot(io);
      if (what !== undefined) await explain(io, what, output);
      else await overview(io, { output, patience: wait ? (timeout ?? 60) : 0 });
    });
}

async function explain(io: Io, what: Explained, output: 'table' | 'json'): Promise<void> {
  const entries = await request(socketPath(io.env), { op: what }, z.array(explainedEntrySchema));
  if (output === 'json') print(io, entries);
  else io.stdout(entries.length === 0 ? `No ${what === 'egress' ? 'egress addresses' : what}.\n` : table(entries));
}

function table(entries: readonly ExplainedEntry[]): string {
  const rows = entries.map(({ text, wanted, present, why }) => [oneLine(text), yes(wanted), yes(present), why]);
  return tabulate([['ENTRY', 'WANTED', 'PRESENT', 'WHY'], ...rows]).replaceAll(/ +$/gm, '');
}

/** The ways of a multipath route are lines of their own in `ip route`. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

function yes(value: boolean): string {
  return value ? 'yes' : 'no';
}

function print(io: Io, value: unknown): void {
  io.stdout(`${JSON.stringify(value, undefined, 2)}\n`);
}
