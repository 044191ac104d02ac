import fc from 'fast-check';
import t, { type Test } from 'tap';
import { formatAddress, parseAddress } from '../../../src/base/index.ts';
import { judgeOf } from '../../../src/policy/cases/run.ts';
import type { Packet } from '../../../src/policy/match.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { inIpv6 } from '../../policy/ipv6-twin.ts';
import {
  crowdedWorld,
  everyPacket,
  OUTSIDE,
  POD_ADDRESSES,
  type RandomWorld,
  randomWorld,
  worldOf,
} from '../../policy/random-worlds.ts';
import { KernelJudge, SHORT } from './kernel-judge.ts';
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
const outside = OUTSIDE.flatMap(both);

const packets = ([4, 6] as const)
  .flatMap(everyPacket)
  .filter(
    ({ protocol, source, destination }) =>
      protocol === UDP && !(outside.includes(formatAddress(source)) && outside.includes(formatAddress(destination))),
  );
const datagrams = packets.map(
  ({ source, destination, destinationPort }: Packet): Sent => [
    formatAddress(source),
    formatAddress(destination),
    destinationPort,
  ],
);

t.setTimeout(0);

t.test('the kernel with packets', needsRoot, async (t) => {
  const lab = await PacketLab.make(`vrp${process.pid}`, POD_ADDRESSES.map(both), outside);
  t.teardown(() => lab.remove());
  const arrive = async (t: Test, kernel: KernelJudge, worlds: fc.Arbitrary<RandomWorld>): Promise<void> => {
    let allowedOnes = 0;
    const agrees = fc.asyncProperty(worlds, async (given) => {
      const world = worldOf(given);
      const pure = judgeOf(world);
      await kernel.of(world, 4);
      const { arrived, dropped } = await lab.send(datagrams);
      for (const [at, packet] of packets.entries()) {
        const [{ allowed, words }, count] = [pure(packet), arrived.get(datagrams[at].join(' ')) ?? 0];
        if (allowed) allowedOnes++;
        if (count !== (allowed ? 1 : 0))
          throw new Error(`${datagrams[at].join(' ')} arrived ${count} times, and ${words}`);
      }
      const lost = datagrams.length - arrived.size;
      if (lost !== dropped) throw new Error(`${lost} did not arrive, and ${dropped} were dropped by a rule`);
    });
    await fc.assert(agrees, { numRuns: WORLDS, seed: SEED });
    t.ok(allowedOnes > 100 && WORLDS * packets.length - allowedOnes > 100, 'and there was much of both');
  };

  await t.test('what the judge lets through arrives behind gates, and the rest is counted where it is dropped', (t) =>
    arrive(t, new KernelJudge(lab.host, { sizes: SHORT }), crowdedWorld),
  );

  const kernel = new KernelJudge(lab.host);

  await t.test('what arrives is what the judge lets through, and the rest is counted where it is dropped', (t) =>
    arrive(t, kernel, randomWorld),
  );

  await t.test('while policy changes every packet meets the old one or the new one', async (t) => {
    let rounds = 0;
    const holds = fc.asyncProperty(randomWorld, randomWorld, async (former, next) => {
      const worlds = [worldOf(former), worldOf(next)];
      const judges = worlds.map(judgeOf);
      await kernel.of(worlds[0], 4);
      await lab.forget();
      let isChanged = false;
      const change = kernel.of(worlds[1], 4).finally(() => {
        isChanged = true;
      });
      let sent = 0;
      for (; !isChanged; sent++) await lab.sendOnly(datagrams);
      await change;
      rounds += sent;
      const arrived = await lab.arrived();
      for (const [at, packet] of packets.entries()) {
        const [before, after] = judges.map((judge) => judge(packet));
        if (before.allowed !== after.allowed) continue;
        const count = arrived.get(datagrams[at].join(' ')) ?? 0;
        const text = datagrams[at].join(' ');
        if (count !== (after.allowed ? sent : 0))
          throw new Error(`${text}: ${count} of ${sent} arrived; ${after.words}`);
      }
    });
    await fc.assert(holds, { numRuns: WORLDS, seed: SEED });
    t.ok(rounds >= WORLDS, 'and there were packets in each change');
  });
});
