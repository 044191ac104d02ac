import { Command } from 'commander';
import { reasonOf } from '../../../base/index.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { type StoreOptions, tryEnsureInitialized, withStore } from '../../session.ts';
import { setLocked } from '../../store-lock.ts';
import { storeOptions } from '../options.ts';

export function lockCommand(io: Io): Command {
  return switchCommand(io, true).description(
    'Lock the datastore before it is moved: nodes leave alone what changes in it from now on.',
  );
}

export function unlockCommand(io: Io): Command {
  return switchCommand(io, false).description('Unlock the datastore: nodes follow it again.');
}

function switchCommand(io: Io, lock: boolean): Command {
  const name = lock ? 'lock' : 'unlock';
  return storeOptions(new Command(name)).action(async (options: StoreOptions) => {
    await withStore(io, options, async (context) => {
      const { store } = context;
      if (lock) await tryEnsureInitialized(context);
      try {
        await setLocked(store, lock);
      } catch (error) {
        throw new CommandError(`error updating ClusterInformation for ${name}ing: ${reasonOf(error)}`, {
          cause: error,
        });
      }
      io.stdout(`Datastore ${name}ed.\n`);
    });
  });
}
