import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { create } from '../resources/actions.ts';
import { writeCommand } from './write.ts';

export function createCommand(io: Io): Command {
  return writeCommand(io, { base: 'create', past: 'created' }, create)
    .description('Create resources from a file or stdin.')
    .option('--skip-exists', 'treat resources that exist already as created');
}
