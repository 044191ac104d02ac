import { CommandError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { Outcome } from '../resources/execute.ts';

/** A verb in the forms that messages need. */
export interface Verb {
  readonly base: string;
  readonly past: string;
}

/** Says how many resources were written; throws with what went wrong for the others. `mark` says that none really was. */
export function reportWrites(io: Io, { base, past }: Verb, outcome: Outcome, mark = ''): void {
  const { total, results, failures, kind } = outcome;
  if (total === 0) {
    io.stdout('No resources specified\n');
    return;
  }
  const quoted = kind === undefined ? '' : ` '${kind}'`;
  const reasons = `[${failures.join(' ')}]`;
  if (results.length === 0) {
    const all = total === 1 ? `${quoted} resource` : ` any${quoted} resources`;
    throw new CommandError(`failed to ${base}${all}: ${reasons}`);
  }
  if (failures.length === 0) {
    io.stdout(`Successfully ${past} ${results.length}${quoted} resource(s)${mark}\n`);
    return;
  }
  io.stdout(`Partial success: ${past} the first ${results.length} out of ${total}${quoted} resources${mark}:\n`);
  throw new CommandError(`hit error: ${reasons}`);
}
