import { Argument, Command, Option } from 'commander';
import * as z from 'zod';
import { explainedEntrySchema, nodeStatusSchema } from '../../control/answers.ts';
import { type ExplainedEntry, type NodeStatusPeer, request, socketPath } from '../../control/index.ts';
import type { Io } from '../io.ts';
import { tabulate } from '../printers/tabwriter.ts';
import { nodeStatusCommand } from './node/status.ts';
import { requireRoot } from './root.ts';

const EXPLAINED = ['routes', 'tunnels', 'endpoints', 'nat'] as const;
type Explained = (typeof EXPLAINED)[number];

/** `vrouter status`: the node as a whole, or each entry that it keeps in the kernel, with why. */
export function statusCommand(io: Io): Command {
  return new Command('vrouter status')
    .description(
      'Show what this node does and why: all at once, or each route, tunnel, pod or rule of the packet filter.',
    )
    .addArgument(new Argument('[what]', 'the entries to explain; nothing for sessions and problems').choices(EXPLAINED))
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['table', 'json']).default('table'))
    .action(async (what: Explained | undefined, { output }: { readonly output: 'table' | 'json' }) => {
      requireRoot(io);
      if (what !== undefined) await explain(io, what, output);
      else if (output === 'json') print(io, await nodeStatus(io));
      else await overview(io);
    });
}

async function explain(io: Io, what: Explained, output: 'table' | 'json'): Promise<void> {
  const entries = await request(socketPath(io.env), { op: what }, z.array(explainedEntrySchema));
  if (output === 'json') print(io, entries);
  else io.stdout(entries.length === 0 ? `No ${what}.\n` : table(entries));
}

/** As `calicoctl node status` prints it, and what is wrong. */
async function overview(io: Io): Promise<void> {
  await nodeStatusCommand(io).parseAsync([], { from: 'user' });
  const { bgp, problems } = await nodeStatus(io);
  const malformed = (bgp?.peers ?? []).flatMap(malformedText);
  if (malformed.length > 0) io.stdout(`Malformed UPDATEs\n${malformed.map((line) => `  ${line}\n`).join('')}\n`);
  if (problems.length > 0) io.stdout(`Problems\n${problems.map((problem) => `  ${problem}\n`).join('')}\n`);
}

/** What a peer got wrong, if anything. */
function malformedText({ address, malformed }: NodeStatusPeer): string[] {
  if (malformed === undefined) return [];
  const { discard, withdraw, reset, last } = malformed;
  if (discard + withdraw + reset === 0) return [];
  const counts = `${withdraw} with routes taken for withdrawn, ${discard} dropped in part, ${reset} that ended the session`;
  return [`${address}: ${counts}${last ? `; the last at ${new Date(last.at).toISOString()}: ${last.reason}` : ''}`];
}

function nodeStatus(io: Io) {
  return request(socketPath(io.env), { op: 'status' }, nodeStatusSchema);
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
