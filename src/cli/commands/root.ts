import { CommandError } from '../errors.ts';
import type { Io } from '../io.ts';

/** Stops who is not root, before anything is done. */
export function requireRoot({ uid }: Io): void {
  if (uid !== 0) throw new CommandError('Need super user privileges: Operation not permitted');
}
