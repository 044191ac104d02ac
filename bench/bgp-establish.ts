import { Speaker } from 'bgp-speaker-ts';

/**
 * Two speakers on loopback that dial each other: from the start of both to Established on both. Each run has new
 * speakers on new addresses; whose identifier is the higher, and who starts first, takes turns.
 *
 *     node bench/bgp-establish.ts [RUNS]
 */
const RUNS = Number(process.argv[2] ?? 200);
const ASN = 64512;
const PORT = 20_000 + (process.pid % 10_000);

function speakerAt(own: string, other: string, routerId: string): { speaker: Speaker; up: Promise<void> } {
  const speaker = new Speaker({ asn: ASN, routerId, listen: [{ address: own, port: PORT }] });
  const { promise, resolve } = Promise.withResolvers<void>();
  speaker.onEvent((event) => {
    if (event.kind === 'state' && event.to === 'Established') resolve();
  });
  speaker.configure([{ address: other, port: PORT, remoteAs: ASN, localAddress: own }]);
  return { speaker, up: promise };
}

/** Milliseconds. */
async function run(at: number): Promise<number> {
  const [left, right] = [1, 2].map((side) => `127.${side + 100}.${at >> 8}.${(at & 255) + 1}`);
  const higher = (at & 1) === 0;
  const a = speakerAt(left, right, higher ? '10.0.0.2' : '10.0.0.1');
  const b = speakerAt(right, left, higher ? '10.0.0.1' : '10.0.0.2');
  const order = (at & 2) === 0 ? [a, b] : [b, a];
  const began = performance.now();
  await Promise.all(order.map(({ speaker }) => speaker.start()));
  await Promise.all([a.up, b.up]);
  const took = performance.now() - began;
  await Promise.all([a.speaker.stop('shutdown'), b.speaker.stop('shutdown')]);
  return took;
}

const times: number[] = [];
for (let at = 0; at < RUNS; at++) times.push(await run(at));
times.sort((x, y) => x - y);
const percentile = (share: number): string => times[Math.floor(share * (times.length - 1))].toFixed(1).padStart(8);
console.log(
  `${'both dial, Established on both'.padEnd(34)}${'p50'.padStart(11)}${'p95'.padStart(11)}${'most'.padStart(11)}`,
);
console.log(
  `${`${RUNS} runs, TCP on loopback`.padEnd(34)}${[0.5, 0.95, 1].map((share) => `${percentile(share)} ms`).join('')}`,
);
