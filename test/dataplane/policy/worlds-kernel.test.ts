import fc from 'fast-check';
import t from 'tap';
import { formatAddress } from '../../../src/base/index.ts';
import { mustRun } from '../../../src/lab/command.ts';
import { judgeOf } from '../../../src/policy/cases/run.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { everyPacket, randomWorld, worldOf } from '../../policy/random-worlds.ts';
import { KernelJudge } from './kernel-judge.ts';

/**
 * Worlds that nobody thought of: each comes into the kernel by a change from the one before, and what is read back there says
 * of every packet what the judge says. `WORLDS` and `SEED` ask for more of them, or for others.
 */
const NAMESPACE = `vrt-worlds-${process.pid}`;
const WORLDS = Number(process.env['WORLDS'] ?? 60);
const SEED = Number(process.env['SEED'] ?? 13);

t.setTimeout(0);

t.test('in any world kernel and judge say the same of every packet', needsRoot, async (t) => {
  await mustRun(['ip', 'netns', 'add', NAMESPACE]);
  t.teardown(() => mustRun(['ip', 'netns', 'del', NAMESPACE]));
  const kernel = new KernelJudge(NAMESPACE);
  const verdicts = { true: 0, false: 0 };
  const agrees = fc.asyncProperty(randomWorld, async (given) => {
    const world = worldOf(given);
    const pure = judgeOf(world);
    for (const family of [4, 6] as const) {
      const asked = await kernel.of(world, family);
      for (const packet of everyPacket(family)) {
        const [expected, found] = [pure(packet), asked(packet)];
        verdicts[`${expected.allowed}`]++;
        if (expected.allowed === found.allowed) continue;
        const { source, destination, protocol, destinationPort } = packet;
        const what = `${formatAddress(source)} → ${formatAddress(destination)} ${protocol}/${destinationPort}`;
        throw new Error(`${what}: ${found.words}`);
      }
    }
  });
  await fc.assert(agrees, { numRuns: WORLDS, seed: SEED });
  t.ok(verdicts.true > 1000 && verdicts.false > 1000, 'and there was much of both');
});
