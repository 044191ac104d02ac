import { Command, InvalidArgumentError } from 'commander';
import { type Log, silentLog } from '../../base/index.ts';
import { PageServer } from '../../observe/http.ts';
import { pagePlace, Site } from '../../page/index.ts';
import type { ConfigOptions } from '../config.ts';
import type { Io } from '../io.ts';
import { open } from '../session.ts';
import { clusterQuestions } from '../web/questions.ts';
import { seconds } from './options.ts';

interface WebOptions extends ConfigOptions {
  readonly host: string;
  readonly port: number;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly tokenFile: string;
  readonly timeout: number;
}

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
    .action((options: WebOptions) => serve(io, options));
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return value;
}

async function serve(io: Io, { host, port, tlsCert, tlsKey, tokenFile, timeout, config }: WebOptions): Promise<void> {
  const place = await pagePlace(
    { host, port, cert: tlsCert, key: tlsKey, token: tokenFile },
    { host: '--host', port: '--port', cert: '--tls-cert', key: '--tls-key', token: '--token-file' },
  );
  const store = await open(io, { ...(config !== undefined && { config }) });
  try {
    const log: Log = { ...silentLog, error: (fields, message) => io.stderr(`${message}: ${JSON.stringify(fields)}\n`) };
    const questions = clusterQuestions({ store, clock: io.clock, patience: timeout * 1000 });
    const site = new Site({ scope: 'cluster', questions, live: undefined, token: place.token, clock: io.clock, log });
    const serving = { pages: {}, rest: site.serve.bind(site), tls: place.tls };
    const server = await PageServer.listen(place.host, place.port, serving, log);
    const name = place.host.includes(':') ? `[${place.host}]` : place.host;
    io.stdout(`${place.tls === undefined ? 'http' : 'https'}://${name}:${server.port}/\n`);
    await io.interrupted();
    await server.close();
  } finally {
    await store.close();
  }
}
