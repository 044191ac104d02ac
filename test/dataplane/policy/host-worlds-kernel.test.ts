import fc from 'fast-check';
import t from 'tap';
import { formatAddress } from '../../../src/base/index.ts';
import { mustRun } from '../../../src/lab/command.ts';
import { hostJudgeOf } from '../../../src/policy/cases/run.ts';
import { type ClaimingEndpoint, hostInterfaces } from '../../../src/policy/host-interfaces.ts';
import type { World } from '../../../src/policy/world.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { everyHostPacket, NODE, randomHosts } from '../../policy/random-hosts.ts';
import { worldOf } from '../../policy/random-worlds.ts';
import { HostKernelJudge } from './host-kernel-judge.ts';

/**
 * Host endpoints that nobody thought of: each world comes into the kernel by a change from the one before, and the table that is
 * read back there, walked hook by hook, says of every packet what the judge says. `WORLDS` and `SEED` ask for more.
 */
const NAMESPACE = `vrt-host-worlds-${process.pid}`;
const WORLDS = Number(process.env['WORLDS'] ?? 40);
const SEED = Number(process.env['SEED'] ?? 17);

/** This node's endpoints, and what they say of interfaces. */
function claims({ endpoints }: World): (readonly [string, ClaimingEndpoint])[] {
  const own = endpoints.filter(({ kind, node }) => kind === 'host' && node === NODE);
  return own.map(({ name, interfaceName, addresses }) => [
    name,
    { interfaceName, addresses: addresses.map(formatAddress) },
  ]);
}

t.setTimeout(0);

t.test('whatever host endpoints are asked, kernel and judge say the same of every packet', needsRoot, async (t) => {
  await mustRun(['ip', 'netns', 'add', NAMESPACE]);
  t.teardown(() => mustRun(['ip', 'netns', 'del', NAMESPACE]));
  const kernel = new HostKernelJudge(NAMESPACE);
  const verdicts = { true: 0, false: 0 };
  const agrees = fc.asyncProperty(randomHosts, async (given) => {
    const world = worldOf(given);
    const interfaces = hostInterfaces(claims(world), given.links);
    kernel.haveLinks(given.links);
    const pure = hostJudgeOf(world, { ...given.settings, interfaces });
    for (const family of [4, 6] as const) {
      const asked = await kernel.of(world, given.settings, family);
      for (const packet of everyHostPacket(family, given.isForAll)) {
        const [expected, found] = [pure(packet), asked(packet)];
        verdicts[`${expected.allowed}`]++;
        if (expected.allowed === found.allowed) continue;
        const { path, interfaceName, source, destination, protocol, destinationPort, state = 'new' } = packet;
        const ends = `${formatAddress(source)} → ${formatAddress(destination)} ${protocol}/${destinationPort}`;
        throw new Error(`${path} ${interfaceName}, ${state}: ${ends}: ${found.words}`);
      }
    }
  });
  await fc.assert(agrees, { numRuns: WORLDS, seed: SEED });
  t.ok(verdicts.true > 1000 && verdicts.false > 1000, 'and there was much of both');
});
