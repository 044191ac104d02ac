import fc from 'fast-check';
import t from 'tap';
import { formatAddress, parseAddress } from '../../../src/base/index.ts';
import { judgeOf } from '../../../src/policy/cases/run.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { inIpv6 } from '../../policy/ipv6-twin.ts';
import { everyPacket, OUTSIDE, POD_ADDRESSES, randomWorld, worldOf } from '../../policy/random-worlds.ts';
import { KernelJudge } from './kernel-judge.ts';
import { PacketLab, type Sent } from './packet-lab.ts';

/**
 * Worlds at random once more, and this time with packets: from every pod and from outside to all others, through the kernel.
 * What the judge lets through arrives; what it does not is counted by a rule that drops it. Silence proves nothing here.
 */
const WORLDS = Number(process.env['WORLDS'] ?? 10);
const SEED = Number(process.env['SEED'] ?? 29);
const UDP = 17;

const both = (address: string): readonly string[] =>
  [address, inIpv6(address) as string].map((one) => formatAddress(parseAddress(one)));

t.setTimeout(0);

t.test(
  'what arrives is what the judge lets through, and the rest is counted where it is dropped',
  needsRoot,
  async (t) => {
    const lab = await PacketLab.make(`vrp${process.pid}`, POD_ADDRESSES.map(both), OUTSIDE.flatMap(both));
    t.teardown(() => lab.remove());
    const kernel = new KernelJudge(lab.host);
    const arrived: boolean[] = [];
    const agrees = fc.asyncProperty(randomWorld, async (given) => {
      const world = worldOf(given);
      const pure = judgeOf(world);
      await kernel.of(world, 4);
      const packets = [4, 6]
        .flatMap((family) => everyPacket(family as 4 | 6))
        .filter(({ protocol, source, destination }) => {
          const isOutside = [source, destination].every((one) => OUTSIDE.flatMap(both).includes(formatAddress(one)));
          return protocol === UDP && !isOutside;
        });
      const datagrams = packets.map(
        ({ source, destination, destinationPort }): Sent => [
          formatAddress(source),
          formatAddress(destination),
          destinationPort,
        ],
      );
      const counted = await lab.send(datagrams);
      for (const [at, packet] of packets.entries()) {
        const { allowed, words } = pure(packet);
        const isThere = counted.arrived.has(datagrams[at].join(' '));
        arrived.push(isThere);
        if (isThere !== allowed)
          throw new Error(`${datagrams[at].join(' ')}: it ${isThere ? 'arrived' : 'did not arrive'}, and ${words}`);
      }
      const lost = datagrams.length - counted.arrived.size;
      if (lost !== counted.dropped)
        throw new Error(`${lost} did not arrive, and ${counted.dropped} were dropped by a rule`);
    });
    await fc.assert(agrees, { numRuns: WORLDS, seed: SEED });
    t.ok(
      arrived.filter(Boolean).length > 100 && arrived.filter((one) => !one).length > 100,
      'and there was much of both',
    );
  },
);
