import fc from 'fast-check';
import t, { type Test } from 'tap';
import { formatAddress, parseAddress, parsePrefix } from '../../../src/base/index.ts';
import { PLAIN_SETTINGS } from '../../../src/calc/desired/index.ts';
import { mustRun } from '../../../src/lab/command.ts';
import { type Judge, judgeOf, runCases } from '../../../src/policy/cases/run.ts';
import type { Endpoint, Match, Rule } from '../../../src/policy/form.ts';
import { namespaceProfile, podEndpoint } from '../../../src/policy/sources/endpoint.ts';
import { World } from '../../../src/policy/world.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { corners } from '../../policy/corners.ts';
import { crowdedWorld, everyPacket, type RandomWorld, randomWorld, worldOf } from '../../policy/random-worlds.ts';
import { KernelJudge, SHORT } from './kernel-judge.ts';

/**
 * Worlds that nobody thought of: each comes into the kernel by a change from the one before, and what is read back there says
 * of every packet what the judge says. `WORLDS` and `SEED` ask for more of them, or for others.
 */
const NAMESPACE = `vrt-worlds-${process.pid}`;
const GATED = `${NAMESPACE}-gated`;
const WORLDS = Number(process.env['WORLDS'] ?? 60);
const SEED = Number(process.env['SEED'] ?? 13);

const ODD = { ...PLAIN_SETTINGS, rejects: true, marks: { accept: 1, pass: 8, local: 0x80000000 } };

async function bothOf(kernel: KernelJudge, world: World): Promise<Judge> {
  const families = { 4: await kernel.of(world, 4), 6: await kernel.of(world, 6) };
  return (packet) => families[packet.source.family](packet);
}

t.setTimeout(0);

t.test('worlds in the kernel', needsRoot, async (t) => {
  for (const name of [NAMESPACE, GATED]) {
    await mustRun(['ip', 'netns', 'add', name]);
    t.teardown(() => mustRun(['ip', 'netns', 'del', name]));
  }
  const [kernel, gated] = [new KernelJudge(NAMESPACE), new KernelJudge(GATED, { sizes: SHORT })];
  const inKernel = (world: World): Promise<Judge> => bothOf(kernel, world);
  const inStretches = (world: World): Promise<Judge> => bothOf(gated, world);

  const agree = async (t: Test, worlds: fc.Arbitrary<RandomWorld>, ask: typeof inKernel, count: number) => {
    const verdicts = { true: 0, false: 0 };
    const agrees = fc.asyncProperty(worlds, async (given) => {
      const world = worldOf(given);
      const [pure, asked] = [judgeOf(world), await ask(world)];
      for (const packet of ([4, 6] as const).flatMap(everyPacket)) {
        const [expected, found] = [pure(packet), asked(packet)];
        verdicts[`${expected.allowed}`]++;
        if (expected.allowed === found.allowed) continue;
        const { source, destination, protocol, destinationPort } = packet;
        const what = `${formatAddress(source)} → ${formatAddress(destination)} ${protocol}/${destinationPort}`;
        throw new Error(`${what}: ${found.words}`);
      }
    });
    await fc.assert(agrees, { numRuns: count, seed: SEED });
    t.ok(verdicts.true > 1000 && verdicts.false > 1000, 'and there was much of both');
  };

  await t.test('in any of them kernel and judge say the same of every packet', (t) =>
    agree(t, randomWorld, inKernel, WORLDS),
  );

  await t.test('so they do where neighbours of a tier are asked behind gates', (t) =>
    agree(t, crowdedWorld, inStretches, WORLDS / 2),
  );

  await t.test('so they do in the corners', async (t) => {
    for (const { id, failures } of await runCases(corners, {}, inKernel)) t.same(failures, [], id);
    const odd = new KernelJudge(NAMESPACE, { settings: ODD });
    for (const { id, failures } of await runCases(corners, {}, (world) => bothOf(odd, world))) {
      t.same(failures, [], `${id}, rejecting, by other marks`);
    }
  });

  await t.test('behind a profile that is not there nothing is asked', async (t) => {
    const pod = (name: string, address: string, profiles: readonly string[]): Endpoint => {
      const made = podEndpoint({ namespace: 'red', name, labels: {}, addresses: [address] });
      return { ...made, profiles };
    };
    const nothing = { tiers: [], policies: [], networkSets: [], nodes: [], services: new Map() };
    const world = new World({
      ...nothing,
      profiles: [namespaceProfile('red', {})],
      endpoints: [pod('open', '10.0.0.1', ['kns.red']), pod('shut', '10.0.0.2', ['absent', 'kns.red'])],
    });
    const [open, shut] = ['10.0.0.1', '10.0.0.2'].map((text) => parseAddress(text));
    const packet = { protocol: 6, sourcePort: 40_000, destinationPort: 80 };
    for (const ask of [judgeOf(world), await inKernel(world)]) {
      t.equal(ask({ ...packet, source: open, destination: shut }).allowed, false);
      t.equal(ask({ ...packet, source: parseAddress('192.0.2.1'), destination: open }).allowed, true);
    }
  });

  await t.test('Pass in a profile lets nothing through, whatever comes after it', async (t) => {
    const match = (source: Match['source']): Match => ({ source, destination: {} });
    const ingress: readonly Rule[] = [
      { action: 'Pass', index: 0, match: match({ nets: [parsePrefix('192.0.2.1/32')] }) },
      { action: 'Allow', index: 1, match: match({}) },
    ];
    const made = podEndpoint({ namespace: 'red', name: 'guarded', labels: {}, addresses: ['10.0.0.1'] });
    const world = new World({
      ...{ tiers: [], policies: [], networkSets: [], nodes: [], services: new Map() },
      profiles: [{ name: 'own', labels: {}, rules: { ingress, egress: [] } }, namespaceProfile('red', {})],
      endpoints: [{ ...made, profiles: ['own', 'kns.red'] }],
    });
    const packet = { protocol: 6, sourcePort: 40_000, destinationPort: 80, destination: parseAddress('10.0.0.1') };
    for (const ask of [judgeOf(world), await inKernel(world)]) {
      t.equal(ask({ ...packet, source: parseAddress('192.0.2.1') }).allowed, false);
      t.equal(ask({ ...packet, source: parseAddress('192.0.2.2') }).allowed, true);
    }
  });
});
