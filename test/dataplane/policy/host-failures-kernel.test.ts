import fc from 'fast-check';
import t from 'tap';
import { Entries, formatAddress, silentLog, VirtualClock } from '../../../src/base/index.ts';
import { FilterReconciler } from '../../../src/dataplane/filter/index.ts';
import type { HostSurroundings } from '../../../src/dataplane/policy/host-parts.ts';
import { hooksOf, PolicyTables, policyTable } from '../../../src/dataplane/policy/index.ts';
import { mustRun } from '../../../src/lab/command.ts';
import { openNft, openRulesets } from '../../../src/nftables/index.ts';
import { walkHooks } from '../../../src/nftables/walk.ts';
import { enforcementOf } from '../../../src/policy/enforcement.ts';
import { type HostPacket, hostEnforcementOf } from '../../../src/policy/index.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { everyHostPacket, type RandomHosts, randomHosts } from '../../policy/random-hosts.ts';
import { worldOf } from '../../policy/random-worlds.ts';
import { DesiredPolicies } from './desired.ts';
import { FailingNft, type Failure } from './failing-nft.ts';

/**
 * Host endpoints that nobody thought of change into others while nft fails: no packet goes through on the way that neither the
 * old nor the new state lets through, and in the end all is as without a failure. `WORLDS` and `SEED` ask for more.
 */
const NAMESPACE = `vrt-host-failing-${process.pid}`;
const WORLDS = Number(process.env['WORLDS'] ?? 6);
const SEED = Number(process.env['SEED'] ?? 23);
const FAMILIES = [4, 6] as const;
const PACKETS = { 4: everyHostPacket(4, true), 6: everyHostPacket(6, true) };
const NO_TUNNELS = { between: [], nodes: Entries.of<string>(), wireguard: undefined };

const FAILURES: readonly (readonly [call: number, failure: Failure])[] = [
  [0, 'refused'],
  [1, 'refused'],
  [0, 'missing'],
];

t.setTimeout(0);

/** What goes through in the kernel now, by family. */
type Passing = Readonly<Record<4 | 6, ReadonlySet<string>>>;

function textOf({ path, interfaceName, source, destination, protocol, destinationPort, ...rest }: HostPacket): string {
  const ends = `${formatAddress(source)} → ${formatAddress(destination)} ${protocol}/${destinationPort}`;
  return `${path} ${interfaceName} ${rest.state ?? 'new'} ${rest.sourcePort} ${rest.before?.destinationPort ?? ''}: ${ends}`;
}

/** What changes at once. */
const THINGS = ['host endpoints', 'a policy', 'settings', 'links'] as const;

function changed(from: RandomHosts, other: RandomHosts, thing: (typeof THINGS)[number]): RandomHosts {
  const isHost = ({ kind }: RandomHosts['objects'][number]): boolean => kind === 'HostEndpoint';
  switch (thing) {
    case 'host endpoints':
      return { ...from, objects: [...from.objects.filter((one) => !isHost(one)), ...other.objects.filter(isHost)] };
    case 'a policy':
      return { ...from, objects: [...from.objects, ...other.objects.slice(-1)] };
    case 'settings':
      return { ...from, settings: other.settings };
    case 'links':
      return { ...from, links: other.links };
  }
}

/** A daemon's packet filter in the namespace, and what was seen of it after each transaction. */
class Node {
  readonly nft: FailingNft;
  readonly seen: (readonly [family: 4 | 6, passing: ReadonlySet<string>])[] = [];
  readonly #clock = new VirtualClock();
  readonly #room: ReturnType<FilterReconciler['room']>;
  readonly #desired = new DesiredPolicies();
  readonly #tables = new PolicyTables('cali');
  readonly #rulesets = openRulesets({ namespace: `/run/netns/${NAMESPACE}` });
  #pods: ReadonlyMap<string, string> = new Map();

  constructor() {
    this.nft = new FailingNft(openNft({ namespace: `/run/netns/${NAMESPACE}` }), async ({ table }) => {
      const family = table.family === 'ip' ? 4 : 6;
      this.seen.push([family, await this.#passing(family)]);
    });
    this.#room = new FilterReconciler({ nft: this.nft, clock: this.#clock, log: silentLog }).room();
  }

  want(given: RandomHosts): Promise<void> {
    const world = worldOf(given);
    const local = world.endpoints
      .filter(({ kind }) => kind === 'pod')
      .map((endpoint, at) => ({ interfaceName: `cali${at}`, endpoint }));
    this.#pods = new Map(
      local.flatMap(({ interfaceName, endpoint }) =>
        endpoint.addresses.map((address) => [formatAddress(address), interfaceName]),
      ),
    );
    const surroundings: HostSurroundings = { links: given.links, tunnels: { 4: NO_TUNNELS, 6: NO_TUNNELS } };
    const hosts = hostEnforcementOf(world, given.settings.node);
    const desired = this.#desired.of(enforcementOf(world, local), hosts, given.settings);
    return this.#room.want(this.#tables.of(desired, surroundings));
  }

  /** Lets time pass until nothing is left to be tried again; gives what fails for good. */
  async settle(): Promise<readonly string[]> {
    for (let tries = 0; tries < 20 && this.#room.failures().length > 0; tries++) {
      await this.#clock.advanceAsync(60_000);
      await this.#room.settled;
    }
    return this.#room.failures().map(({ what, reason }) => `${what}: ${reason}`);
  }

  async passing(): Promise<Passing> {
    return { 4: await this.#passing(4), 6: await this.#passing(6) };
  }

  async #passing(family: 4 | 6): Promise<ReadonlySet<string>> {
    const ruleset = await this.#rulesets.ruleset(policyTable(family));
    const podAt = (address: HostPacket['source']): string => this.#pods.get(formatAddress(address)) ?? 'else0';
    const passing = PACKETS[family].filter(
      (packet) => ruleset === undefined || walkHooks(ruleset, hooksOf(packet, podAt)).verdict === 'accept',
    );
    return new Set(passing.map(textOf));
  }
}

t.test('while host endpoints change and nft fails, nothing is more open than before or after', needsRoot, async (t) => {
  await mustRun(['ip', 'netns', 'add', NAMESPACE]);
  t.teardown(() => mustRun(['ip', 'netns', 'del', NAMESPACE]));
  let between = 0;
  const holds = fc.asyncProperty(randomHosts, randomHosts, fc.constantFrom(...THINGS), async (from, other, thing) => {
    const to = changed(from, other, thing);
    const node = new Node();
    await node.want(to);
    const after = await node.passing();
    for (const [call, failure] of FAILURES) {
      node.nft.arm(new Map());
      await node.want(from);
      const before = await node.passing();
      node.seen.length = 0;
      node.nft.arm(new Map([[call, failure]]));
      await node.want(to);
      const failing = await node.settle();
      const when = `call ${call} is ${failure}`;
      if (failing.length > 0) throw new Error(`${when}: ${failing[0]}`);
      for (const [family, passing] of node.seen) {
        between++;
        const leak = [...passing].find((packet) => !before[family].has(packet) && !after[family].has(packet));
        if (leak !== undefined) throw new Error(`${when}: for a moment ${leak} goes through`);
      }
      const found = await node.passing();
      for (const family of FAMILIES) {
        const [few, many] = [found[family], after[family]];
        const odd = [...few, ...many].find((packet) => few.has(packet) !== many.has(packet));
        if (odd !== undefined) throw new Error(`${when}: in the end another is the fate of ${odd}`);
      }
    }
  });
  await fc.assert(holds, { numRuns: WORLDS, seed: SEED, endOnFailure: true });
  t.ok(between > WORLDS * FAILURES.length, 'and there were moments to be seen');
});
