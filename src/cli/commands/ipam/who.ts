import { existsSync } from 'node:fs';
import { Command } from 'commander';
import {
  DEFAULT_LEDGER,
  type LedgerEntry,
  readLedger,
  type Tenancy,
  tenancies,
  tenantAt,
} from '../../../ipam/index.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { TIMES, timeOf } from '../../moment.ts';
import { box } from '../../printers/box.ts';
import { addressOf } from './address.ts';

interface WhoOptions {
  readonly at?: string;
  readonly ledger?: readonly string[];
}

export function whoCommand(io: Io): Command {
  return new Command('who')
    .description('Show who had an address, and when, by the ledger that the daemon of this node keeps.')
    .argument('<ADDRESS>', 'the address')
    .option('--at <TIME>', `just who had it then: ${TIMES}; UTC where no zone is named`)
    .option('--ledger <FILE...>', `ledgers, of several nodes if you like; VROUTER_IPAM_LEDGER, or ${DEFAULT_LEDGER}`)
    .action(async (text: string, options: WhoOptions) => {
      const address = addressOf(text);
      const at = options.at === undefined ? undefined : timeOf(options.at, io.clock.wallTime());
      const files = options.ledger ?? [io.env['VROUTER_IPAM_LEDGER'] || DEFAULT_LEDGER];
      const entries = (await Promise.all(files.map((file) => entriesOf(file, address)))).flat();
      io.stdout(at === undefined ? historyText(address, entries) : momentText(address, entries, at));
    });
}

async function entriesOf(file: string, address: string): Promise<readonly LedgerEntry[]> {
  if (file === 'none') throw new CommandError('no ledger is kept here: VROUTER_IPAM_LEDGER is none');
  if (!existsSync(file)) {
    throw new CommandError(`there is no ledger ${file}: name it with --ledger, and ask on the node that gave it out`);
  }
  return readLedger(file, address);
}

function historyText(address: string, entries: readonly LedgerEntry[]): string {
  const rows = tenancies(entries).map((tenancy) => [
    Number.isFinite(tenancy.from) ? timeText(tenancy.from) : 'before the ledger',
    tenancy.until === undefined ? 'now' : timeText(tenancy.until),
    ...whom(tenancy),
    tenancy.handleId ?? '<none>',
  ]);
  if (rows.length === 0) return `The ledger knows nothing of ${address}\n`;
  return box(['From', 'Until', 'Whose', 'Node', 'Handle'], rows);
}

function momentText(address: string, entries: readonly LedgerEntry[], at: number): string {
  const tenancy = tenantAt(entries, at);
  if (tenancy === undefined) return `Nobody had ${address} at ${timeText(at)}, as far as the ledger tells\n`;
  const [whose, node] = whom(tenancy);
  const from = Number.isFinite(tenancy.from) ? `since ${timeText(tenancy.from)}` : 'since before the ledger begins';
  const until = tenancy.until === undefined ? 'and has it still' : `until ${timeText(tenancy.until)}`;
  const where = node === '' ? '' : ` on ${node}`;
  return `${whose}${where} had ${address} at ${timeText(at)}: ${from}, ${until}\nHandle ID: ${tenancy.handleId ?? '<none>'}\n`;
}

/** The pod, or what else it was for; and the node. */
function whom({ attributes = {} }: Tenancy): readonly [whose: string, node: string] {
  const { pod, namespace, type, node = '' } = attributes;
  return [pod === undefined ? (type ?? 'somebody without a name') : `${namespace ?? 'default'}/${pod}`, node];
}

function timeText(time: number): string {
  return new Date(time).toISOString();
}
