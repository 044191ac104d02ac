/**
 * agent: the part of `vrouter test connectivity` that runs inside the test's pods, as `vrouter __probe`.
 *
 *   serve NAME PORT…   answers on these ports, until it is ended
 *   ask JSON           tries what it is told, and prints a line of JSON for each outcome
 *   stay JSON          the same, then says that it is done, and waits to be ended
 */
import { sleep, systemClock } from '../../../base/index.ts';
import { type ConnectivityProbe, DONE } from '../probe.ts';
import { ask } from './ask.ts';
import { serve } from './serve.ts';

/** Longest that a client stays, in milliseconds: whoever made it may have been killed. */
const STAY = 600_000;

/** Runs one of them; resolves to the exit code, of a server when it listens. */
export async function runProbe([verb, ...words]: readonly string[], world: NodeJS.Process): Promise<number> {
  if (verb === 'serve') {
    const [name, ...ports] = words;
    await serve(name, ports.map(Number), world.env['VROUTER_PROBE_HOST']);
    world.stdout.write('listening\n');
    return 0;
  }
  if (verb === 'ask' || verb === 'stay') {
    // Our own words, made by the program of the same version.
    const probes = JSON.parse(words[0]) as readonly ConnectivityProbe[];
    await ask(probes, (outcome) => world.stdout.write(`${JSON.stringify(outcome)}\n`), systemClock);
    if (verb === 'stay') {
      world.stdout.write(`${DONE}\n`);
      // Its pod is to be there as long as its node is asked about it.
      await sleep(systemClock, STAY);
    }
    return 0;
  }
  world.stderr.write('usage: __probe serve NAME PORT… | ask JSON | stay JSON\n');
  return 2;
}
