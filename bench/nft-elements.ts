/**
 * Elements of the packet filter: one that comes and goes, by our own netlink batch, through the keeper of the tables (what
 * a room pays), and by `nft -f`, in sets that hold 1,000 and 50,000 already; then 50,000 at once, and what that leaves in
 * memory; then a chain's rules, which go by `nft -f` whoever asks. Each figure is the median of the rounds.
 *
 *     node bench/nft-elements.ts [rounds]        as root; works in a network namespace of its own
 */
import { execFileSync } from 'node:child_process';
import { Entries, EntriesWriter, formatIpv4, silentLog, systemClock } from '../src/base/index.ts';
import { FilterReconciler } from '../src/dataplane/filter/index.ts';
import { type NamedMap, type NamedSet, type Nft, openNft, type Table, Transaction } from '../src/nftables/index.ts';

const rounds = Number(process.argv[2] ?? 200);
const name = `vrt-bench-${process.pid}`;
const namespace = `/run/netns/${name}`;
const SIZES = [1_000, 50_000] as const;
const MANY = 50_000;
/** `nft -f` takes ten milliseconds and more: a tenth of the rounds says it. */
const SLOW = 10;

/** A kind of set or map: its elements by number, as nft reads them. */
interface Kind {
  readonly what: string;
  readonly set: NamedSet | NamedMap;
  readonly sizes: readonly number[];
  readonly key: (index: number) => string;
}

const KINDS: readonly Kind[] = [
  { what: 'addresses', set: { name: 'hosts', type: 'ipv4_addr' }, sizes: SIZES, key: address },
  {
    what: 'interface → chain',
    set: { name: 'dispatch', type: 'ifname', value: 'verdict' },
    sizes: SIZES,
    key: (index) => `cali${index}`,
  },
  {
    what: 'address . protocol . port',
    set: { name: 'ports', type: 'ipv4_addr . inet_proto . inet_service' },
    sizes: SIZES,
    key: (index) => `${address(index)} . tcp . 8080`,
  },
  {
    what: 'networks',
    set: { name: 'nets', type: 'ipv4_addr', flags: ['interval'] },
    sizes: [1_000],
    key: (index) => `${formatIpv4(0x14000000 + index * 512)}/24`,
  },
];

function address(index: number): string {
  return formatIpv4(0x0a000000 + index);
}

function change(table: Table, { set }: Kind, verb: 'add' | 'delete', keys: readonly string[]): Transaction {
  const start = new Transaction(table);
  if (!('value' in set)) return verb === 'add' ? start.addElements(set, keys) : start.deleteElements(set, keys);
  const entries = keys.map((key) => ({ key, value: 'goto pod' }));
  return verb === 'add' ? start.addEntries(set, entries) : start.deleteEntries(set, entries);
}

function declare(table: Table, { set }: Kind): Transaction {
  const start = new Transaction(table).removeTable().addTable().addChain({ name: 'pod' });
  return 'value' in set ? start.addMap(set) : start.addSet(set);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
}

function program(transaction: Transaction): Promise<void> {
  execFileSync('ip', ['netns', 'exec', name, 'nft', '-f', '-'], { input: transaction.text });
  return Promise.resolve();
}

async function alternating(count: number, run: (verb: 'add' | 'delete') => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < count; round++) {
    for (const verb of ['add', 'delete'] as const) {
      const taken = await timed(() => run(verb));
      // The first tenth warms up.
      if (round >= count / 10) times.push(taken);
    }
  }
  return times;
}

/** One element through a room: the whole way from a part that differs to the kernel's acknowledgement. */
async function kept(nft: Nft, kind: Kind, size: number): Promise<number[]> {
  const table: Table = { family: 'ip', name: 'vrouter-kept' };
  const writer = new EntriesWriter<string>(Object.is);
  for (let index = 0; index < size; index++) writer.set(kind.key(index), kind.key(index));
  const filter = new FilterReconciler({ nft, clock: systemClock, log: silentLog });
  const room = filter.room();
  let elements = writer.commit();
  const want = (): Promise<void> => {
    const contents = { sets: [[kind.set, elements] as const], chains: [] };
    return room.want([{ table, what: 'bench', parts: Entries.of([['0', { order: 0, contents }]]) }]);
  };
  await want();
  const times = await alternating(rounds, (verb) => {
    if (verb === 'add') writer.set(kind.key(size), kind.key(size));
    else writer.set(kind.key(size), undefined);
    elements = writer.commit();
    return want();
  });
  if (room.failures().length > 0) throw new Error(room.failures()[0].reason);
  filter.stop();
  await nft.run(new Transaction(table).removeTable());
  return times;
}

function line(what: string, times: readonly number[], beside?: readonly number[]): string {
  const [half, most] = [quantile(times, 0.5), quantile(times, 0.99)];
  const ratio = beside === undefined ? '' : `   nft -f takes ${(quantile(beside, 0.5) / half).toFixed(0)} × that`;
  return `${what.padEnd(44)}${half.toFixed(3).padStart(9)} / ${most.toFixed(3).padStart(8)}${ratio}`;
}

async function oneElement(nft: Nft): Promise<void> {
  const table: Table = { family: 'ip', name: 'bench' };
  console.log('one element added or deleted, to the acknowledgement; ms, median / p99');
  for (const kind of KINDS) {
    for (const size of kind.sizes) {
      await program(declare(table, kind));
      await nft.run(
        change(
          table,
          kind,
          'add',
          Array.from({ length: size }, (_, index) => kind.key(index)),
        ),
      );
      const run = (verb: 'add' | 'delete') => change(table, kind, verb, [kind.key(size)]);
      const ours = await alternating(rounds, (verb) => nft.run(run(verb)));
      const others = await alternating(rounds / SLOW, (verb) => program(run(verb)));
      console.log(line(`${kind.what}, ${size}: batch`, ours, others));
      if (!('value' in kind.set)) console.log(line(`${kind.what}, ${size}: keeper`, await kept(nft, kind, size)));
      console.log(line(`${kind.what}, ${size}: nft -f`, others));
    }
  }
}

async function many(nft: Nft): Promise<void> {
  const table: Table = { family: 'ip', name: 'bench' };
  const [kind] = KINDS;
  await program(declare(table, kind));
  const keys = Array.from({ length: MANY }, (_, index) => kind.key(index));
  const work = (verb: 'add' | 'delete') => change(table, kind, verb, keys);
  const count = Math.max(3, rounds / SLOW);
  await alternating(3, (verb) => nft.run(work(verb)));
  const before = process.memoryUsage().rss;
  const ours = await alternating(count, (verb) => nft.run(work(verb)));
  const grown = (process.memoryUsage().rss - before) / 1024 / 1024;
  const others = await alternating(count / 4, (verb) => program(work(verb)));
  console.log(`${MANY} addresses added or deleted at once; ms, median / p99`);
  console.log(line('one batch', ours, others));
  console.log(line('nft -f', others));
  console.log(`resident set after ${2 * count} batches: ${grown.toFixed(0)} MB more`);
}

/** Rules are text, and nft is a program to start. */
async function rules(nft: Nft): Promise<void> {
  const table: Table = { family: 'ip', name: 'bench' };
  let all = new Transaction(table).removeTable().addTable();
  const rulesOf = (port: number) =>
    Array.from({ length: 10 }, (_, index) => ({ expression: `tcp dport ${port + index} accept` }));
  for (let chain = 0; chain < 1_000; chain++) all = all.replaceChain({ name: `policy-${chain}` }, rulesOf(80));
  await nft.run(all);
  const times = await alternating(rounds / SLOW, (verb) =>
    nft.run(new Transaction(table).replaceChain({ name: 'policy-7' }, rulesOf(verb === 'add' ? 80 : 90))),
  );
  console.log(line('ten rules of one of 1000 chains, nft -f', times));
}

execFileSync('ip', ['netns', 'add', name]);
try {
  const nft = openNft({ namespace });
  await oneElement(nft);
  await many(nft);
  await rules(nft);
  nft.close();
} finally {
  execFileSync('ip', ['netns', 'delete', name]);
}
