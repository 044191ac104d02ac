import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { Target } from '../resources/target.ts';
import { type FileOptions, targetsOfArguments, targetsOfFiles } from '../resources/targets.ts';
import { readingFiles } from './reading.ts';

export type NamedOptions = Partial<FileOptions>;

/** The targets of a command that takes either `KIND [NAME…]` or `-f`. */
export async function targetsOf(
  io: Io,
  kind: string | undefined,
  names: readonly string[],
  options: NamedOptions,
): Promise<readonly Target[]> {
  const { filename } = options;
  if ((kind === undefined) === (filename === undefined))
    throw new UsageError('either KIND or --filename must be given');
  if (kind !== undefined) return targetsOfArguments(kind, names);
  return readingFiles(() => targetsOfFiles({ ...options, filename: filename ?? '-' }, io));
}
