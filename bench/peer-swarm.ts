import { peerCases, Swarm } from './peer-cases.ts';

/**
 * The peers of one case of bgp-peers.ts, in the namespace that they live in. Prints the outcome as JSON, and keeps
 * the sessions up until its input ends.
 *
 *     node bench/peer-swarm.ts CASE SCALE
 */
const [name, scale] = process.argv.slice(2);
const peerCase = peerCases(Number(scale))[name];
const swarm = new Swarm(peerCase);
process.stdout.write(`${JSON.stringify(await peerCase.run(swarm))}\n`);
process.stdin.on('end', () => {
  swarm.end();
  process.exit(0);
});
process.stdin.resume();
