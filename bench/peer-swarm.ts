import { peerCases } from './peer-cases.ts';
import { type Outcome, Swarm, TooSlow } from './swarm.ts';

/**
 * The peers of one case of bgp-peers.ts, in the namespace that they live in. Prints `began` when what is measured
 * begins and then the outcome as JSON, and keeps the sessions up until its input ends.
 *
 *     node bench/peer-swarm.ts CASE SCALE
 */
const [name, scale] = process.argv.slice(2);
const peerCase = peerCases(Number(scale))[name];
const swarm = new Swarm(peerCase, () => process.stdout.write('began\n'));

async function outcome(): Promise<Outcome> {
  try {
    return { ...(await peerCase.run(swarm)), drops: swarm.drops };
  } catch (error) {
    if (error instanceof TooSlow) return { detail: error.message, drops: swarm.drops };
    throw error;
  }
}

process.stdout.write(`${JSON.stringify(await outcome())}\n`);
process.stdin.on('end', () => {
  swarm.end();
  process.exit(0);
});
process.stdin.resume();
