/**
 * agent: the part of `vrouter test connectivity` that runs inside the test's pods, as `vrouter __probe`.
 *
 *   serve NAME PORT…   answers on these ports, until it is ended
 *   ask JSON           tries what it is told, and prints a line of JSON for each outcome
 */
import { systemClock } from '../../../base/index.ts';
import type { ConnectivityProbe } from '../probe.ts';
import { ask } from './ask.ts';
import { serve } from './serve.ts';

/** Runs one of both; resolves to the exit code, of a server when it listens. */
export async function runProbe([verb, ...words]: readonly string[], world: NodeJS.Process): Promise<number> {
  if (verb === 'serve') {
    const [name, ...ports] = words;
    await serve(name, ports.map(Number), world.env['VROUTER_PROBE_HOST']);
    world.stdout.write('listening\n');
    return 0;
  }
  if (verb === 'ask') {
    // Our own words, made by the program of the same version.
    const probes = JSON.parse(words[0]) as readonly ConnectivityProbe[];
    await ask(probes, (outcome) => world.stdout.write(`${JSON.stringify(outcome)}\n`), systemClock);
    return 0;
  }
  world.stderr.write('usage: __probe serve NAME PORT… | ask JSON\n');
  return 2;
}
