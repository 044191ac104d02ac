import { type Log, reasonOf, silentLog } from '../../base/index.ts';
import { PageServer } from '../../observe/http.ts';
import { pagePlace, Site } from '../../page/index.ts';
import type { ConfigOptions } from '../config.ts';
import { CommandError } from '../errors.ts';
import type { Io } from '../io.ts';
import { open } from '../session.ts';
import { NodesInTurn } from './nodes-in-turn.ts';
import { clusterQuestions } from './questions.ts';

export interface WebOptions extends ConfigOptions {
  readonly host: string;
  readonly port: number;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly tokenFile: string;
  readonly timeout: number;
}

/** Serves the page until somebody ends it. */
export async function serveCluster(
  io: Io,
  { host, port, tlsCert, tlsKey, tokenFile, timeout, config }: WebOptions,
): Promise<void> {
  const told: Log['warn'] = (fields, message) => io.stderr(`${message}: ${JSON.stringify(fields)}\n`);
  const log: Log = { ...silentLog, warn: told, error: told };
  const place = await pagePlace(
    { host, port, cert: tlsCert, key: tlsKey, token: tokenFile },
    { host: '--host', port: '--port', cert: '--tls-cert', key: '--tls-key', token: '--token-file' },
    log,
  );
  const store = await open(io, { ...(config !== undefined && { config }) });
  const asked = new NodesInTurn({ store, clock: io.clock, patience: timeout * 1000 });
  try {
    const questions = clusterQuestions({ store, clock: io.clock, asked });
    const site = new Site({ scope: 'cluster', questions, live: undefined, token: place.token, clock: io.clock, log });
    const serving = { pages: {}, rest: site.serve.bind(site), tls: place.tls };
    const server = await PageServer.listen(place.host, place.port, serving, log).catch((error) => {
      throw new CommandError(`${reasonOf(error)}; choose another place with --host and --port`, { cause: error });
    });
    const name = place.host.includes(':') ? `[${place.host}]` : place.host;
    io.stdout(`${place.tls === undefined ? 'http' : 'https'}://${name}:${server.port}/\n`);
    await io.interrupted();
    await server.close();
  } finally {
    await asked.close();
    await store.close();
  }
}
