import t, { type Test } from 'tap';
import { EntriesWriter, formatAddress, parseAddress, same, silentLog, VirtualClock } from '../../../src/base/index.ts';
import { type FilterPart, FilterReconciler, type FilterRoom } from '../../../src/dataplane/filter/index.ts';
import { PolicyTables, policyTable } from '../../../src/dataplane/policy/index.ts';
import { setName } from '../../../src/dataplane/policy/names.ts';
import { inNamespace, mustRun } from '../../../src/lab/command.ts';
import {
  type Nft,
  NftError,
  openNft,
  openRulesets,
  type Ruleset,
  type Transaction,
  walk,
} from '../../../src/nftables/index.ts';
import type { CaseObject } from '../../../src/policy/cases/format.ts';
import { enforcementOf } from '../../../src/policy/enforcement.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { everyPacket, POD_ADDRESSES, type RandomWorld, worldOf } from '../../policy/random-worlds.ts';
import { DesiredPolicies } from './desired.ts';
import { FailingNft, type Failure } from './failing-nft.ts';

/**
 * Whatever of nft fails while policy changes, on the real kernel: what comes of it in the end is what comes of it
 * without a failure, and no packet goes through on the way that neither the old nor the new state lets through. What the
 * kernel has is read back after each transaction.
 */
const NAMESPACE = `vrt-failing-${process.pid}`;
const FAMILIES = [4, 6] as const;
const PACKETS = { 4: everyPacket(4), 6: everyPacket(6) };

/** `SWEEP=all`: also those deaths that take minutes; otherwise they are for these changes. */
const { SWEEP } = process.env;
const LONG = new Set(['the other order', 'a label of a pod here', 'a set that grows']);

t.setTimeout(0);

/** A world, and which of its pods are on this node. */
interface State extends RandomWorld {
  readonly here: readonly number[];
}

function policy(name: string, selector: string, rules: readonly object[], order = 1): CaseObject {
  return {
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name },
    spec: { selector, types: ['Ingress', 'Egress'], ingress: [...rules], egress: [...rules], order },
  };
}

const sets = (...nets: readonly string[]): CaseObject => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkSet',
  metadata: { name: 'set', labels: { app: 's' } },
  spec: { nets: [...nets] },
});

const to = (action: 'Allow' | 'Deny', selector: string): object => ({ action, source: { selector } });
const port = (action: 'Allow' | 'Deny', ...ports: readonly number[]): object => {
  return { action, protocol: 'TCP', destination: { ports } };
};

const PODS = [{ app: 'a' }, { app: 'a', tier: 'b' }, { app: 'b' }, { tier: 'a' }, { app: 'b', tier: 'b' }];
const OBJECTS = [
  policy('some', "app == 'a'", [to('Deny', "app == 'b'"), to('Allow', 'all()')], 5),
  policy('web', "app == 'b'", [port('Allow', 80), to('Allow', "app == 's'")], 10),
  sets('192.0.2.0/24', 'fd00::c000:200/120'),
];
const BEFORE: State = { pods: PODS, objects: OBJECTS, here: [0, 1, 2, 3] };

/** Each from `BEFORE`, and back. */
const CHANGES: Readonly<Record<string, State>> = {
  'a policy more': { ...BEFORE, objects: [...OBJECTS, policy('shut', "tier == 'a'", [port('Allow', 443)])] },
  'another policy in the place of one': {
    ...BEFORE,
    objects: [policy('other', "app == 'a'", [port('Deny', 80), to('Allow', 'all()')], 5), ...OBJECTS.slice(1)],
  },
  'a policy that says something else': {
    ...BEFORE,
    objects: [policy('some', "app == 'a'", [to('Deny', "tier == 'b'"), port('Allow', 81)], 5), ...OBJECTS.slice(1)],
  },
  'a policy less': { ...BEFORE, objects: OBJECTS.slice(1) },
  'the other order': {
    ...BEFORE,
    objects: [
      policy('some', "app == 'a'", [to('Deny', "app == 'b'"), to('Allow', 'all()')], 20),
      policy('first', 'all()', [port('Deny', 443), port('Allow', 81)], 7),
      ...OBJECTS.slice(1),
    ],
  },
  'a label of a pod here': { ...BEFORE, pods: [{ app: 'b' }, ...PODS.slice(1)] },
  'a label of a pod elsewhere': { ...BEFORE, pods: [...PODS.slice(0, 4), { app: 'a' }] },
  'a pod more': { ...BEFORE, here: [0, 1, 2, 3, 4] },
  'a pod less': { ...BEFORE, here: [0, 2, 3] },
  'a set that grows': { ...BEFORE, objects: [...OBJECTS.slice(0, 2), sets('192.0.2.0/24', '198.51.100.0/24')] },
  'labels of all pods at once': { ...BEFORE, pods: PODS.map((_, at) => PODS[(at + 2) % 5]) },
};

/** A daemon's packet filter, as far as policy goes. */
class Life {
  readonly #clock = new VirtualClock();
  readonly #filter: FilterReconciler;
  readonly #desired = new DesiredPolicies();
  readonly #tables = new PolicyTables('cali');
  readonly room: FilterRoom;
  /** What it writes by. */
  nft: Nft;

  constructor(given: Nft) {
    this.nft = given;
    const nft: Nft = {
      run: (transaction) => this.nft.run(transaction),
      list: (table) => this.nft.list(table),
      isOwn: (port) => this.nft.isOwn(port),
      close: () => this.nft.close(),
    };
    this.#filter = new FilterReconciler({ nft, clock: this.#clock, log: silentLog });
    this.room = this.#filter.room();
  }

  want(state: State): Promise<void> {
    const world = worldOf(state);
    const local = state.here.map((at) => ({ interfaceName: `cali${at}`, endpoint: world.endpoints[at] }));
    return this.room.want(this.#tables.of(this.#desired.of(enforcementOf(world, local))));
  }

  /** Lets time pass until nothing is left to be tried again. */
  async settle(): Promise<void> {
    for (let tries = 0; tries < 20 && this.room.failures().length > 0; tries++) {
      await this.#clock.advanceAsync(60_000);
      await this.room.settled;
    }
  }

  stop(): void {
    this.#filter.stop();
  }
}

/** As a kernel that has no room for more in a set. */
function full(set: string, nft: Nft): Nft {
  const run = async (transaction: Transaction): Promise<void> => {
    for (const operation of transaction.operations) {
      if (operation.kind === 'add element' && operation.set.name === set)
        throw new NftError('ENOSPC', 'nft', 'No space left on device');
    }
    await nft.run(transaction);
  };
  return { run, list: (table) => nft.list(table), isOwn: (port) => nft.isOwn(port), close: () => nft.close() };
}

/** The kernel, and what was seen of it after each transaction. */
class Witness {
  readonly nft: FailingNft;
  readonly #rulesets = openRulesets({ namespace: `/run/netns/${NAMESPACE}` });
  /** Packets that go through after a transaction, by family. */
  readonly seen: (readonly [family: 4 | 6, passing: ReadonlySet<string>])[] = [];

  readonly #interfaces: ReadonlyMap<string, string>;

  constructor(interfaces: ReadonlyMap<string, string>) {
    this.#interfaces = interfaces;
    this.nft = new FailingNft(openNft({ namespace: `/run/netns/${NAMESPACE}` }), async ({ table }) => {
      const family = table.family === 'ip' ? 4 : 6;
      this.seen.push([family, await this.#passing(family)]);
    });
  }

  async passing(): Promise<Readonly<Record<4 | 6, ReadonlySet<string>>>> {
    return { 4: await this.#passing(4), 6: await this.#passing(6) };
  }

  async #passing(family: 4 | 6): Promise<ReadonlySet<string>> {
    const ruleset = await this.#rulesets.ruleset(policyTable(family));
    const passing = PACKETS[family].filter((packet) => ruleset === undefined || this.#passes(ruleset, packet));
    return new Set(passing.map(textOf));
  }

  #passes(ruleset: Ruleset, packet: Packet): boolean {
    const interfaceOf = (address: Packet['source']): string => this.#interfaces.get(formatAddress(address)) ?? 'eth0';
    const [iifname, oifname] = [interfaceOf(packet.source), interfaceOf(packet.destination)];
    return walk(ruleset, 'forward', { ...packet, iifname, oifname, state: 'new' }).verdict === 'accept';
  }

  async reset(): Promise<void> {
    this.nft.arm(new Map());
    await mustRun(inNamespace(NAMESPACE, ['nft', 'flush', 'ruleset']));
  }

  /** Both tables, in no order that depends on how they came to be. */
  async dump(): Promise<string> {
    const tables = await Promise.all(FAMILIES.map((family) => this.#rulesets.ruleset(policyTable(family))));
    const sorted = tables.map((table) =>
      table === undefined
        ? undefined
        : [...table.chains, ...[...table.sets, ...table.maps].map(([name, all]) => [name, all.map(text).sort()])]
            .map((one) => text(one).replaceAll(/"(packets|bytes)":\d+/g, ''))
            .sort(),
    );
    return JSON.stringify(sorted);
  }
}

function text(value: unknown): string {
  return JSON.stringify(value);
}

type Packet = (typeof PACKETS)[4][number];

function textOf({ source, destination, protocol, destinationPort }: Packet): string {
  return `${formatAddress(source)} → ${formatAddress(destination)} ${protocol}/${destinationPort}`;
}

/** Interfaces by address; whoever is not in it is behind the uplink. */
function interfacesOf(...states: readonly State[]): ReadonlyMap<string, string> {
  const here = new Set(states.flatMap((state) => state.here));
  const named = [...here].flatMap((at) =>
    [POD_ADDRESSES[at], `fd00::${POD_ADDRESSES[at]}`].map(
      (one) => [formatAddress(parseAddress(one)), `cali${at}`] as const,
    ),
  );
  return new Map(named);
}

interface Course {
  /** Both tables at the end. */
  readonly dump: string;
  /** Calls of nft from the change on. */
  readonly calls: number;
  readonly died: boolean;
  /** What was let through that neither state lets through. */
  readonly leaks: readonly string[];
  /** What is named as a failure, by who lives. */
  readonly named: readonly string[];
  /** What a next daemon wrote. */
  readonly next: readonly string[];
}

interface Way {
  readonly from: State;
  readonly to: State;
}

/** From one state to the other while these calls fail; dead, a next daemon takes over. */
async function course(
  { from, to }: Way,
  failing: ReadonlyMap<number, Failure> = new Map(),
  dead = Number.POSITIVE_INFINITY,
): Promise<Course> {
  const witness = new Witness(interfacesOf(from, to));
  await witness.reset();
  const life = new Life(witness.nft);
  await life.want(from);
  const before = await witness.passing();
  witness.seen.length = 0;
  witness.nft.arm(failing, dead);
  const wanted = life.want(to);
  await Promise.race([wanted, witness.nft.death]);
  const { isDead: died, calls } = witness.nft;
  const named: string[] = [];
  let next: readonly string[] = [];
  if (died) {
    life.stop();
    witness.nft.arm(new Map());
    const other = new Life(witness.nft);
    await other.want(to);
    next = [...witness.nft.done];
    named.push(...other.room.failures().map(({ what }) => what));
    other.stop();
  } else {
    if (failing.size > 0) named.push(...life.room.failures().map(({ what, reason }) => `${what}: ${reason}`));
    await life.settle();
    named.push(...life.room.failures().map(({ what }) => `for good: ${what}`));
    life.stop();
  }
  const after = await witness.passing();
  const both = (family: 4 | 6, packet: string): readonly boolean[] => [
    before[family].has(packet),
    after[family].has(packet),
  ];
  const leaks = witness.seen.flatMap(([family, passing]) =>
    [...passing].filter((packet) => !both(family, packet).includes(true)),
  );
  const dump = await witness.dump();
  witness.nft.close();
  return { dump, calls, died, leaks, named, next };
}

function check(t: Test, found: Course, whole: Course, when: string): void {
  t.equal(found.dump, whole.dump, `${when}: in the end all is as it should be`);
  t.same(found.leaks.slice(0, 3), [], `${when}: nothing goes through that neither state lets through`);
}

t.test('while policy changes', needsRoot, async (t) => {
  await mustRun(['ip', 'netns', 'add', NAMESPACE]);
  t.teardown(() => mustRun(['ip', 'netns', 'del', NAMESPACE]));
  const ways = Object.entries(CHANGES).flatMap(([name, to]) => [
    [name, { from: BEFORE, to }, true] as const,
    [`${name}, taken back`, { from: to, to: BEFORE }, false] as const,
  ]);
  await t.test('a policy that the kernel refuses is named, and shuts those it is for alone', async (t) => {
    const witness = new Witness(interfacesOf(BEFORE));
    await witness.reset();
    const world = worldOf(BEFORE);
    const local = BEFORE.here.map((at) => ({ interfaceName: `cali${at}`, endpoint: world.endpoints[at] }));
    const [table] = new PolicyTables('cali').of(new DesiredPolicies().of(enforcementOf(world, local)));
    const parts = new EntriesWriter<FilterPart>(same);
    for (const [key, part] of table.parts) {
      const isRefused = /^ingress of .*web/.test(key);
      // Only the kernel sees that a chain leads to itself.
      const looped = part.contents.chains.map(
        ([chain]) => [chain, [{ expression: `jump ${chain.name}`, why: 'loop' }]] as const,
      );
      parts.set(key, isRefused ? { ...part, contents: { chains: looped } } : part);
    }
    const filter = new FilterReconciler({ nft: witness.nft, clock: new VirtualClock(), log: silentLog });
    const room = filter.room();
    await room.want([table]);
    const right = (await witness.passing())[4];
    await witness.reset();
    await filter.look();
    await room.want([{ ...table, parts: parts.commit() }]);
    t.match(room.failures(), [{ what: /ingress of .*web/ }]);
    t.equal(room.failures().length, 1);
    const passing = (await witness.passing())[4];
    filter.stop();
    witness.nft.close();
    const isStill = (one: string): boolean => passing.has(one);
    t.ok([...passing].every((one) => right.has(one)));
    t.ok([...right].some(isStill));
    if ([...right].every((one) => isStill(one) || one.includes('→ 10.1.0.3 '))) t.pass('all other pods go on');
    else t.same([...right].filter((one) => !isStill(one) && !one.includes('→ 10.1.0.3 ')).slice(0, 5), []);
  });
  await t.test('a set that the kernel has no room for shuts those who look into it, and nobody else', async (t) => {
    const from = { ...BEFORE, pods: [...PODS.slice(0, 4), { app: 'c' }] };
    const witness = new Witness(interfacesOf(from));
    await witness.reset();
    const life = new Life(witness.nft);
    await life.want(from);
    const before = (await witness.passing())[4];
    witness.seen.length = 0;
    life.nft = full(setName('s', `selector app == "b"`), witness.nft);
    await life.want(BEFORE);
    const held = (await witness.passing())[4];
    const named = life.room.failures().map(({ what }) => what);
    life.stop();
    await witness.reset();
    const other = new Life(witness.nft);
    await other.want(BEFORE);
    const right = (await witness.passing())[4];
    other.stop();
    witness.nft.close();
    // The pods of the policy that denies whom the set lacks.
    const isAsked = (one: string): boolean => [0, 1].some((pod) => one.includes(`${POD_ADDRESSES[pod]} `));
    t.ok(
      [...before].some((one) => !right.has(one)),
      'there is something that is not allowed any more',
    );
    t.same(
      [...held].filter((one) => !right.has(one)),
      [],
    );
    t.same(
      [...right].filter((one) => !isAsked(one) && !held.has(one)),
      [],
    );
    t.match(
      named.filter((one) => one.includes('IPv4')),
      [/set selector/, /of GlobalNetworkPolicy some/, /of GlobalNetworkPolicy some/],
    );
    const leaks = witness.seen.flatMap(([family, passing]) => (family === 4 ? [...passing] : []));
    t.ok(leaks.every((one) => before.has(one) || right.has(one)));
  });
  for (const [name, way, dies] of ways) {
    await t.test(name, async (t) => {
      const whole = await course(way);
      check(t, whole, whole, 'without a failure');
      t.same(whole.named, []);
      t.ok(whole.calls > 0);
      for (let call = 0; call < whole.calls; call++) {
        const refused = await course(way, new Map([[call, 'refused']]));
        check(t, refused, whole, `call ${call} is refused`);
      }
      const missing = await course(way, new Map([[0, 'missing']]));
      check(t, missing, whole, 'nft is not there for a moment');
      t.match(missing.named, [/not installed/], 'which is named');
      if (!dies) return;
      // Part by part, after a first refusal, there are more moments to die in than between the two tables.
      const refusals = SWEEP === 'all' || LONG.has(name) ? [0, 1] : [0];
      for (const count of refusals) {
        const failing = new Map<number, Failure>([[0, 'refused'] as const].slice(0, count));
        for (let dead = failing.size; ; dead++) {
          const found = await course(way, failing, dead);
          if (!found.died) break;
          check(t, found, whole, `after ${failing.size} refusals it dies before call ${dead}`);
          t.notOk(
            found.next.some((one) => /^delete table/m.test(one)),
            'the next one writes what differs',
          );
          t.same(found.named, []);
        }
      }
    });
  }
});
