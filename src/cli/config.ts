import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type DatastoreConfig, defaultConfigFile, readDatastoreConfig } from '../datastore/index.ts';
import { CommandError } from './errors.ts';
import type { Io } from './io.ts';

export interface ConfigOptions {
  readonly config?: string | undefined;
  readonly context?: string | undefined;
}

/**
 * How to reach the datastore. A file wins entirely; only when there is none at the default place does the environment
 * count. A file that was asked for by name must be there.
 */
export async function configOf(io: Io, { config, context }: ConfigOptions): Promise<DatastoreConfig> {
  if (config === undefined || config === defaultConfigFile) return readDatastoreConfig({ env: io.env, context });
  const file = resolve(io.cwd, config);
  if (!existsSync(file)) throw new CommandError(`Error reading config file: ${config}`);
  return readDatastoreConfig({ file, env: io.env, context });
}
