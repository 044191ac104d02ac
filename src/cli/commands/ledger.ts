import { Command, Option } from 'commander';
import { ledgerSchema } from '../../control/answers.ts';
import { request, socketPath } from '../../control/index.ts';
import { type LedgerEntry, tenancies, tenantAt } from '../../ipam/index.ts';
import { askNodes, readSaid } from '../ask-nodes.ts';
import { SilentEnd } from '../errors.ts';
import type { Io } from '../io.ts';
import { TIMES, timeOf } from '../moment.ts';
import { tenancyText } from '../printers/tenancy.ts';
import { open } from '../session.ts';
import { addressOf } from './ipam/address.ts';
import { seconds } from './options.ts';
import { requireRoot } from './root.ts';
import { nodeNames } from './status-cluster.ts';

interface LedgerOptions {
  readonly at?: string;
  readonly cluster?: boolean;
  readonly config?: string;
  readonly timeout: number;
  readonly output: 'text' | 'json';
}

/** `vrouter ledger`: who had an address, and when, as the daemons' ledgers have it. */
export function ledgerCommand(io: Io): Command {
  return new Command('vrouter ledger')
    .description(
      'Say who had an address, and when, by the ledger of this node, or of all nodes: each writes down what it gives out. Exit code: 0, 1 where nobody is known, 2 wrong usage, 3 where no daemon answers.',
    )
    .argument('<address>', 'the address')
    .option('--at <time>', `just who had it then: ${TIMES}; UTC where no zone is named`)
    .option('--cluster', 'by the ledgers of all nodes, asked by way of the datastore')
    .option('-c, --config <file>', 'with --cluster: how to reach the datastore, as for calicoctl')
    .option('--timeout <seconds>', 'with --cluster: how long the nodes have to answer', seconds, 5)
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .action(async (text: string, options: LedgerOptions) => {
      const address = addressOf(text);
      const at = options.at === undefined ? undefined : timeOf(options.at, io.clock.wallTime());
      const entries = options.cluster ? await everywhere(io, address, options) : await here(io, address);
      const then = at === undefined ? undefined : tenantAt(entries, at);
      const found = at === undefined ? tenancies(entries) : then === undefined ? [] : [then];
      if (options.output === 'json') {
        // Before the ledger begins there is no time to tell.
        const told = found.map(({ from, ...rest }) => ({ ...(Number.isFinite(from) && { from }), ...rest }));
        io.stdout(`${JSON.stringify(told, undefined, 2)}\n`);
      } else io.stdout(tenancyText(address, entries, at));
      if (found.length > 0) return;
      if (!options.cluster) io.stderr("A node's ledger has what that node gave out: --cluster asks all of them.\n");
      throw new SilentEnd(1);
    });
}

async function here(io: Io, address: string): Promise<readonly LedgerEntry[]> {
  requireRoot(io);
  return (await request(socketPath(io.env), { op: 'ledger', address }, ledgerSchema)).entries;
}

/** Of all that answer; who doesn't is named. */
async function everywhere(
  io: Io,
  address: string,
  { config, timeout }: LedgerOptions,
): Promise<readonly LedgerEntry[]> {
  const store = await open(io, { ...(config !== undefined && { config }) });
  try {
    const names = await nodeNames(store);
    const asking = { store, clock: io.clock, patience: timeout * 1000 };
    const answers = await askNodes(names, { op: 'ledger', address }, asking);
    return names.flatMap((node) => {
      const read = readSaid(answers.get(node), ledgerSchema);
      if ('result' in read) return read.result.entries;
      io.stderr(`${node}: ${read.problem}\n`);
      return [];
    });
  } finally {
    await store.close();
  }
}
