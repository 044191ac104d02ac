import { Command, InvalidArgumentError } from 'commander';
import type { Io } from '../io.ts';
import type { WebOptions } from '../web/serve.ts';
import { seconds } from './options.ts';

/** `vrouter web`: one page for the cluster, served until somebody ends it. */
export function webCommand(io: Io): Command {
  return new Command('vrouter web')
    .description(
      'Serve one page for the whole cluster, until interrupted: its nodes, sessions, address space, the ways to an address and what policy drops. It finds the nodes in the datastore, and asks them by way of it.',
    )
    .option('-c, --config <file>', 'how to reach the datastore, as for calicoctl')
    .option('--host <address>', 'where to listen; one that others reach needs the three files below', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 for any that is free', port, 9180)
    .option('--tls-cert <file>', 'certificate, PEM', '')
    .option('--tls-key <file>', 'its key, PEM', '')
    .option('--token-file <file>', 'the token that browsers ask for as a password, 16 characters or more', '')
    .option('--timeout <seconds>', 'how long nodes have to answer', seconds, 5)
    .addHelpText(
      'after',
      '\nExit code: 0 it was interrupted, 1 it can not be served or the datastore is not reached, 2 wrong usage.',
    )
    .action(async (options: WebOptions) => (await import('../web/serve.ts')).serveCluster(io, options));
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return value;
}
