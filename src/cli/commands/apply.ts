import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { apply } from '../resources/actions.ts';
import { writeCommand } from './write.ts';

export function applyCommand(io: Io): Command {
  return writeCommand(io, { base: 'apply', past: 'applied' }, apply).description(
    'Create or replace resources from a file or stdin.',
  );
}
