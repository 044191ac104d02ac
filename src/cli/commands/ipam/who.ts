import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { DEFAULT_LEDGER, type LedgerEntry, readLedger } from '../../../ipam/index.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { TIMES, timeOf } from '../../moment.ts';
import { tenancyText } from '../../printers/tenancy.ts';
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
      io.stdout(tenancyText(address, entries, at));
    });
}

async function entriesOf(file: string, address: string): Promise<readonly LedgerEntry[]> {
  if (file === 'none') throw new CommandError('no ledger is kept here: VROUTER_IPAM_LEDGER is none');
  if (!existsSync(file)) {
    throw new CommandError(`there is no ledger ${file}: name it with --ledger, and ask on the node that gave it out`);
  }
  return readLedger(file, address);
}
