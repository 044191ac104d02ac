import { Command } from 'commander';
import * as z from 'zod';
import { request, socketPath } from '../../control/index.ts';
import type { Io } from '../io.ts';
import { requireRoot } from './root.ts';

/** `vrouter resync`: a full look at the kernel now, not when its timer says so. */
export function resyncCommand(io: Io): Command {
  return new Command('vrouter resync')
    .description('Compare all that this node keeps in the kernel with what it should be, now, and repair what differs.')
    .addHelpText('after', '\nExit code: 0 the node has looked, 1 it has not, 2 wrong usage, 3 where no daemon answers.')
    .action(async () => {
      requireRoot(io);
      await request(socketPath(io.env), { op: 'resync' }, z.object({}));
      io.stdout('The kernel has been looked at; what differed is being repaired.\n');
    });
}
