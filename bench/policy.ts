/**
 * What policy costs packets and connections between two pods of a node: our tables, the same rules as a list, and the
 * layout with a mark and its tests around each jump, as Felix has it, written by hand. Of N policies the last one lets
 * the packet in. Then what the tables cost to write: all of it by `nft -f` and by our first transaction, and one change.
 *
 *     node bench/policy.ts [MOST-POLICIES] [SECONDS] [ROUNDS]      as root; works in network namespaces of its own
 */
import { execFileSync } from 'node:child_process';
import { Entries, EntriesWriter, parsePrefix, same, silentLog, systemClock } from '../src/base/index.ts';
import type { DesiredPolicy } from '../src/calc/desired/index.ts';
import { FilterReconciler } from '../src/dataplane/filter/index.ts';
import { PolicyTables } from '../src/dataplane/policy/index.ts';
import { parseSelector } from '../src/model/index.ts';
import { type Nft, openNft, type Transaction } from '../src/nftables/index.ts';
import { type Policy, policyKey } from '../src/policy/index.ts';
import { end, inNamespace, median, pause } from './process.ts';

const [most = 10_000, seconds = 1, rounds = 3] = process.argv.slice(2).map(Number);
const SIZES = [1, 100, 1_000, 10_000].filter((size) => size <= most);
const LAYOUTS = ['vRouter', 'list of rules', 'as Felix'] as const;
type Layout = (typeof LAYOUTS)[number];

const host = `vrt-pol-${process.pid}`;
const pods = [1, 2].map((at) => ({ namespace: `${host}-${at}`, link: `cali${at}`, address: `10.65.0.${at}` }));
const [client, server] = pods;
const ESTABLISHED = 'ct state vmap { established : accept, related : accept, invalid : drop }';

/** Connects, and closes, one after another; prints connections a second. */
const CONNECTS = `
const net = require('node:net');
const [address, seconds] = process.argv.slice(1);
const start = performance.now();
let count = 0;
const next = () => {
  const took = (performance.now() - start) / 1000;
  if (took > Number(seconds)) { console.log(count / took); process.exit(0); }
  const socket = net.connect(7000, address, () => { count++; socket.resetAndDestroy(); setImmediate(next); });
};
next();`;
const ACCEPTS = `require('node:net').createServer((socket) => socket.on('error', () => {}).resume()).listen(7000);`;

function net(number: number): string {
  return `198.18.${number >> 8}.${number & 255}/32`;
}

/** What the policy of this number lets in: only the last one says so of the pod that asks. */
function source(number: number, size: number): string {
  return number === size - 1 ? '10.65.0.0/24' : net(number);
}

function policy(number: number, size: number, to = 1): Policy {
  const match = { source: { nets: [parsePrefix(source(number, size))] }, destination: {} };
  return {
    id: { kind: 'GlobalNetworkPolicy', name: `p${number}-${to}` },
    tier: 'default',
    order: number,
    subject: parseSelector('all()'),
    rules: { ingress: [{ action: 'Allow', index: 0, match }] },
    hook: 'normal',
  };
}

/** The policies as they are wanted, with the one that may change at the front. */
function desired(size: number): { readonly now: DesiredPolicy; changed(): DesiredPolicy } {
  const writer = new EntriesWriter<Policy>(same);
  const keys: string[] = [];
  for (let number = 0; number < size; number++) {
    const made = policy(number, size);
    keys.push(policyKey(made));
    writer.set(policyKey(made), made);
  }
  const open = { name: 'open', labels: {}, rules: rulesOfAll() };
  const tier = { name: 'default', order: 1_000_000, defaultAction: 'Deny' } as const;
  const now: DesiredPolicy = {
    endpoints: Entries.of(pods.map(({ link }) => [link, { egress: 'out', ingress: 'in' }] as const)),
    classes: Entries.of([
      ['in', { direction: 'ingress', tiers: [{ tier, policies: keys }], profiles: [] }],
      ['out', { direction: 'egress', tiers: [], profiles: ['open'] }],
    ]),
    policies: writer.commit(),
    profiles: Entries.of([['open', open]]),
    sets: Entries.of(),
    problems: [],
  };
  const changed = (): DesiredPolicy => {
    const one = policy(0, size);
    const match = { source: { nets: [parsePrefix('198.19.0.1/32')] }, destination: {} };
    writer.set(policyKey(one), { ...one, rules: { ingress: [{ action: 'Deny', index: 0, match }] } });
    return { ...now, policies: writer.commit() };
  };
  return { now, changed };
}

function rulesOfAll() {
  const allow = [{ action: 'Allow', index: 0, match: { source: {}, destination: {} } }] as const;
  return { ingress: allow, egress: allow };
}

/** The same by hand. */
function written(layout: Exclude<Layout, 'vRouter'>, size: number): string {
  const numbers = Array.from({ length: size }, (_, number) => number);
  const hook = 'type filter hook forward priority 0;';
  if (layout === 'list of rules') {
    const rules = numbers.map((number) => `ip saddr ${source(number, size)} accept`);
    return `table ip by-hand { chain forward { ${hook}\n${ESTABLISHED}\n${rules.join('\n')}\ndrop\n}\n}`;
  }
  const chains = numbers.map(
    (number) => `chain p${number} { ip saddr ${source(number, size)} meta mark set meta mark or 0x10000 return; }`,
  );
  const jumps = numbers.flatMap((number) => [
    `meta mark and 0x20000 == 0 jump p${number}`,
    'meta mark and 0x10000 == 0x10000 return',
  ]);
  return `table ip by-hand { ${chains.join('\n')}
chain to-pod { ${ESTABLISHED}
meta mark set meta mark and 0xfffcffff
${jumps.join('\n')}
drop
}
chain from-pod { ${ESTABLISHED}
meta mark set meta mark or 0x10000
}
chain forward { ${hook}
iifname vmap { ${pods.map(({ link }) => `"${link}" : jump from-pod`).join(', ')} }
oifname vmap { ${pods.map(({ link }) => `"${link}" : jump to-pod`).join(', ')} }
meta mark and 0x10000 == 0x10000 accept
}
}`;
}

function run(...command: readonly string[]): string {
  return execFileSync(command[0], command.slice(1), { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

function nftFile(input: string): void {
  execFileSync('ip', ['netns', 'exec', host, 'nft', '-f', '-'], { input, maxBuffer: 1 << 28 });
}

function clear(): void {
  run('ip', 'netns', 'exec', host, 'nft', 'flush', 'ruleset');
}

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Our tables, and how long their first transactions, the same text by `nft -f`, and one change took. */
async function bring(size: number): Promise<readonly [first: number, file: number, change: number]> {
  const texts: string[] = [];
  const real = openNft({ namespace: `/run/netns/${host}` });
  const nft: Nft = {
    list: (table) => real.list(table),
    isOwn: (port) => real.isOwn(port),
    close: () => real.close(),
    run: (transaction: Transaction) => {
      texts.push(transaction.text);
      return real.run(transaction);
    },
  };
  // A node has spoken to its kernel long before policy comes.
  await real.list({ family: 'ip', name: 'none' });
  const filter = new FilterReconciler({ nft, clock: systemClock, log: silentLog });
  const room = filter.room();
  const tables = new PolicyTables('cali');
  const wanted = desired(size);
  const first = await timed(() => room.want(tables.of(wanted.now, undefined, [4])));
  const all = texts.join('');
  const change = await timed(() => room.want(tables.of(wanted.changed(), undefined, [4])));
  if (room.failures().length > 0) throw new Error(room.failures()[0].reason);
  filter.stop();
  nft.close();
  const file = await timed(() => nftFile(all));
  return [first, file, change];
}

/** Datagrams a second that arrive, of one flow. */
async function packets(): Promise<number> {
  const listening = inNamespace(server.namespace, ['iperf3', '-s', '-1', '--logfile', '/dev/null']);
  try {
    for (let tries = 0; ; tries++) {
      try {
        const args = ['iperf3', '-c', server.address, '-u', '-b', '0', '-l', '64', '-t', `${seconds}`, '-J'];
        const { sum } = JSON.parse(run('ip', 'netns', 'exec', client.namespace, ...args)).end;
        return (sum.packets - sum.lost_packets) / sum.seconds;
      } catch (error) {
        if (tries === 20) throw error;
        await pause(100);
      }
    }
  } finally {
    await end(listening);
  }
}

function connections(): number {
  const args = [process.execPath, '-e', CONNECTS, server.address, String(seconds)];
  return Number(run('ip', 'netns', 'exec', client.namespace, ...args));
}

function makePods(): void {
  run('ip', 'netns', 'add', host);
  run('ip', 'netns', 'exec', host, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  for (const { namespace, link, address } of pods) {
    run('ip', 'netns', 'add', namespace);
    run('ip', '-n', host, 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    run('ip', '-n', host, 'addr', 'add', '169.254.1.1/32', 'dev', link);
    run('ip', '-n', host, 'link', 'set', link, 'up');
    run('ip', '-n', host, 'route', 'add', address, 'dev', link);
    run('ip', '-n', namespace, 'addr', 'add', `${address}/32`, 'dev', 'eth0');
    run('ip', '-n', namespace, 'link', 'set', 'eth0', 'up');
    run('ip', '-n', namespace, 'route', 'add', '169.254.1.1', 'dev', 'eth0');
    run('ip', '-n', namespace, 'route', 'add', 'default', 'via', '169.254.1.1');
  }
}

function row(what: string, values: readonly number[], ofBare: number): string {
  return `${what.padEnd(26)}${median(values).toFixed(0).padStart(9)} a second   × bare ${(median(values) / ofBare).toFixed(2)}`;
}

makePods();
const accepting = inNamespace(server.namespace, [process.execPath, '-e', ACCEPTS]);
try {
  await pause(500);
  const measure = async (): Promise<readonly [number[], number[]]> => {
    const [some, others]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      some.push(await packets());
      others.push(connections());
    }
    return [some, others];
  };
  nftFile(`table ip by-hand { chain forward { type filter hook forward priority 0; ${ESTABLISHED}\n}\n}`);
  const [bare, bareNew] = (await measure()).map(median);
  process.stdout.write(`a bare chain: ${bare.toFixed(0)} packets, ${bareNew.toFixed(0)} new connections a second\n`);
  for (const size of SIZES) {
    for (const layout of LAYOUTS) {
      clear();
      let writing: readonly number[] = [];
      if (layout === 'vRouter') writing = await bring(size);
      else nftFile(written(layout, size));
      const [some, others] = await measure();
      process.stdout.write(`${row(`${layout}, ${size}: packets`, some, bare)}\n`);
      process.stdout.write(`${row(`${layout}, ${size}: new`, others, bareNew)}\n`);
      if (writing.length === 0) continue;
      const [first, file, change] = writing;
      process.stdout.write(
        `  written in ${first.toFixed(0)} ms, by nft -f in ${file.toFixed(0)} (× ${(first / file).toFixed(2)}); a change ${change.toFixed(1)} ms (nft -f: × ${(file / change).toFixed(0)})\n`,
      );
    }
  }
} finally {
  await end(accepting);
  for (const name of [host, ...pods.map(({ namespace }) => namespace)]) run('ip', 'netns', 'del', name);
}
