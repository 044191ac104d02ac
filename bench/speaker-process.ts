import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Speaker, type SpeakerOptions } from 'bgp-speaker-ts';
import type { Neighbour } from './swarm.ts';

/**
 * The library's speaker by itself, with no kernel routes, as bgp-peers.ts measures it. Each line on its input makes it
 * list all its peers and routes.
 *
 *     node bench/speaker-process.ts CONFIG.json
 */
export interface SpeakerProcessConfig extends Pick<SpeakerOptions, 'asn' | 'routerId'> {
  readonly holdTime: number;
  readonly neighbours: readonly Neighbour[];
}

const { asn, routerId, holdTime, neighbours }: SpeakerProcessConfig = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const speaker = new Speaker({ asn, routerId, listen: [{ address: routerId, port: 179 }] });
speaker.configure(
  neighbours.map(({ address, asn: remoteAs }) => ({
    address,
    remoteAs,
    holdTime,
    localAddress: routerId,
    passive: true,
  })),
);
let listed = 0;
speaker.onBest(({ count }) => {
  listed += count;
});
createInterface({ input: process.stdin }).on('line', () => {
  listed = 0;
  speaker.replayBest();
  process.stdout.write(`${JSON.stringify(speaker.peers()).length} octets of peers, ${listed} routes\n`);
});
process.on('SIGTERM', () => {
  void speaker.stop('shutdown').then(() => process.exit(0));
});
await speaker.start();
