import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { update } from '../resources/actions.ts';
import { writeCommand } from './write.ts';

export function replaceCommand(io: Io): Command {
  return writeCommand(io, { base: 'replace', past: 'replaced' }, update, { stopAtFailure: true }).description(
    'Replace existing resources by those of a file or stdin; the whole spec, not only what changes.',
  );
}
