import { Command } from 'commander';
import { parseDuration, reasonOf, sleep } from '../../base/index.ts';
import type { Store } from '../../datastore/index.ts';
import { CommandError } from '../errors.ts';
import type { Io } from '../io.ts';
import { open, type StoreOptions } from '../session.ts';
import { CLIENT_VERSION, COMMIT } from '../version.ts';
import { storeOptions } from './options.ts';

interface VersionOptions extends StoreOptions {
  readonly client?: boolean;
  readonly poll?: string;
}

interface ClusterLines {
  readonly version: string;
  readonly type: string;
}

export function versionCommand(io: Io): Command {
  return storeOptions(new Command('version'))
    .description('Show the version of this program and of the cluster.')
    .option('--client', 'this program only, without asking the cluster')
    .option('--poll <POLL>', 'look at the cluster again and again, this far apart (1s, 10m, 2h); 0 looks once')
    .action(async (options: VersionOptions) => {
      const pause = options.poll === undefined ? 0 : parseDuration(options.poll);
      if (pause === undefined) throw new CommandError(`invalid poll duration specified: ${options.poll}`);
      io.stdout(`Client Version:    ${CLIENT_VERSION}\nGit commit:        ${COMMIT}\n`);
      if (options.client) return;
      const store = await open(io, options);
      try {
        await report(io, store, pause);
      } finally {
        await store.close();
      }
    });
}

/** Prints what is new; when polling, errors too are just reported. */
async function report(io: Io, store: Store, pause: number): Promise<void> {
  for (let shown: ClusterLines = { version: '', type: '' }; ; await sleep(io.clock, pause)) {
    try {
      const found = await clusterLines(store);
      if (found.version !== shown.version) io.stdout(`Cluster Version:   ${found.version}\n`);
      if (found.type !== shown.type) io.stdout(`Cluster Type:      ${found.type}\n`);
      shown = found;
    } catch (error) {
      const message = `unable to retrieve Cluster Version or Type: ${reasonOf(error)}`;
      if (pause === 0) throw new CommandError(message, { cause: error });
      io.stderr(`${message}\n`);
      shown = { version: '', type: '' };
    }
    if (pause === 0) return;
  }
}

async function clusterLines(store: Store): Promise<ClusterLines> {
  const information = await store.get({ kind: 'ClusterInformation', name: 'default' });
  if (information === undefined) throw new CommandError('resource does not exist: ClusterInformation(default)');
  return { version: information.spec.calicoVersion || 'unknown', type: information.spec.clusterType || 'unknown' };
}
