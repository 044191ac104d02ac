import { Command, InvalidArgumentError } from 'commander';
import { drainSchema } from '../../control/answers.ts';
import { type DrainAnswer, request, socketPath } from '../../control/index.ts';
import { SilentEnd } from '../errors.ts';
import type { Io } from '../io.ts';
import { requireRoot } from './root.ts';

const PACE = 200;

interface DrainOptions {
  readonly undo?: true;
  readonly timeout: number;
}

/** `vrouter drain`: traffic moves away from this node before it stops. */
export function drainCommand(io: Io): Command {
  return new Command('vrouter drain')
    .description(
      'Have BGP peers move traffic away from this node before it stops, with no packet lost; exit code 1 when they could not be told in time. It ends with the daemon.',
    )
    .option('--undo', 'take part again')
    .option('--timeout <seconds>', 'how long to wait for the peers at most', seconds, 60)
    .action(async ({ undo, timeout }: DrainOptions) => {
      requireRoot(io);
      const ask = (action: 'begin' | 'undo' | 'state'): Promise<DrainAnswer> =>
        request(socketPath(io.env), { op: 'drain', action }, drainSchema);
      if (undo) {
        await ask('undo');
        io.stdout('This node takes part again: its routes are announced as ever.\n');
        return;
      }
      const end = io.clock.now() + timeout * 1000;
      let state = await ask('begin');
      if (state.peers > 0)
        io.stdout(
          `Telling ${state.peers} BGP ${state.peers === 1 ? 'peer' : 'peers'} that routes by this node are the last choice …\n`,
        );
      while (!state.safe && io.clock.now() < end) {
        await new Promise<void>((resolve) => io.clock.after(PACE, resolve));
        state = await ask('state');
      }
      io.stdout(`${outcome(state, timeout)}\n`);
      if (!state.safe) throw new SilentEnd(1);
    });
}

function outcome({ safe, peers, told, draining }: DrainAnswer, timeout: number): string {
  if (!draining) return 'The drain was undone meanwhile.';
  if (!told)
    return `Not every peer could be told within ${timeout} s; the node stays drained: vrouter drain waits again.`;
  if (!safe)
    return `The peers have not had time enough within ${timeout} s; the node stays drained: vrouter drain waits again.`;
  if (peers === 0) return 'No BGP peer is up, so none sends anything here by BGP: it is safe to stop the node.';
  return 'The peers have been told and have had time to move: it is safe to stop the node. Its own pods go on as the last choice.';
}

function seconds(text: string): number {
  const value = Number(text.replace(/s$/, ''));
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('a number of seconds is expected');
  return value;
}
