import { Command } from 'commander';
import type { Io } from '../io.ts';
import { exportCommand } from './datastore/export.ts';
import { importCommand } from './datastore/import.ts';
import { lockCommand, unlockCommand } from './datastore/lock.ts';
import { migratePolicyNamesCommand } from './datastore/policy-names.ts';

export function datastoreCommand(io: Io): Command {
  const migrate = new Command('migrate').description('Move the contents of a datastore to another.');
  for (const make of [exportCommand, importCommand, lockCommand, unlockCommand]) migrate.addCommand(make(io));
  return new Command('datastore')
    .description('Look after the datastore.')
    .addCommand(migrate)
    .addCommand(migratePolicyNamesCommand(io));
}
