/**
 * Runs the measurements one after another and writes what they say to docs/benchmarks.md: the only source of the
 * numbers that the README quotes. With names, runs just those and only prints.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { NODE_FLAGS } from '../deploy/node-flags.ts';
import { pathOfTests } from '../test/runner/programs.ts';

process.env['PATH'] = pathOfTests();

interface Measurement {
  readonly title: string;
  /** Arguments that it understands. */
  readonly takes?: string;
  /** What has to be known to read the figures. */
  readonly about?: string;
}

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  'update-to-kernel': { title: 'UPDATEs to kernel routes, beside BIRD 2 and FRR', takes: '[PREFIXES] [ROUNDS]' },
  'netlink-routes': { title: 'Kernel routes: beside ip -batch and the bare kernel', takes: '[ROUNDS]' },
  'nft-elements': { title: 'Elements of the packet filter: beside nft -f', takes: '[ROUNDS]' },
  policy: {
    title: 'Policy, beside a list of rules and a layout with marks',
    takes: '[MOST-POLICIES] [SECONDS] [ROUNDS]',
  },
  datapath: { title: 'Pod to pod, beside the bare kernel', takes: '[ROUNDS] [SECONDS]' },
  bfd: { title: 'BFD, a hundred sessions of a busy node with BIRD', takes: '[SECONDS] [SESSIONS] [bird|vrouter]' },
  flows: {
    title: 'The flow log, at a thousand new connections a second',
    takes: '[SECONDS] [RATE]',
    about: `The processor's time of a whole daemon, in percent of a core: without the log, with it, and while somebody follows it. In the
second row each datagram is a flow of its own, as of a scan of ports.`,
  },
  services: { title: 'Services of a node, announced to BIRD', takes: '[SERVICES] [CHANGES]' },
  idle: { title: 'A node while nothing happens', takes: '[SECONDS]' },
  memory: { title: 'The memory of a node with very many routes', takes: '[PREFIXES] [ROUNDS]' },
  'cold-lab': { title: 'The lab, from nothing to all pods reaching all pods', takes: '[ROUNDS]' },
  scale: {
    title: 'The calculation in a large cluster',
    takes: '[--nodes N]… [--engine sqlite|etcd|none]…',
    about: `One node of a cluster with 4 blocks and 10 pods on each node, VXLAN and a full mesh. A change is one update and the state that
follows from it worked out; each is timed alone, 1,000 times after 300 that do not count.`,
  },
  'scale-policy': {
    title: 'Policy in the calculation of a large cluster',
    about: `1,000 pods of the node among 50,000 of the cluster, 5,000 policies in 500 namespaces. A change is one update and the state
that follows from it worked out.`,
  },
  'bgp-codec': { title: 'BGP codec' },
  'bgp-rib': { title: 'BGP route tables' },
  'bgp-mesh': { title: 'BGP, a hundred speakers in one process', takes: '[NODES] [RUNS]' },
  'bgp-establish': { title: 'BGP, two speakers that dial each other', takes: '[RUNS]' },
  ipam: { title: 'Address assignment', takes: '[--engine sqlite|etcd]' },
  cni: { title: 'Pods: ADD and DEL, beside ptp and bridge', takes: '[CALLS] [AT-ONCE] [PODS]' },
  'bgp-peers': {
    title: 'BGP sessions, beside BIRD, FRR, GoBGP and OpenBGPD',
    takes:
      '[--case hop|withdrawn|fan|mesh|dial|hold|change|memory]… [--daemon NAME]… [--rounds 3] [--seconds 8] [--scale 1] [--kernel]',
    about: `Each daemon runs alone in a network namespace, its peers in another: one process that plays UPDATEs encoded beforehand
over plain sockets, with nobody's BGP code. There are no kernel routes, no policy and no dialling by the daemon (it is
\`passive\`), and what would hold routes back is off: for FRR \`advertisement-interval 0\`, \`coalesce-time 0\` and
\`no bgp ebgp-requires-policy\`; the others' defaults hold nothing back. Peers dial four at a time, since BIRD and OpenBGPD
listen with a backlog of 8 and 5; in the case where 500 dial at once that backlog is what takes them so long. A change is
timed from just before it is written to its arrival in the kernel of each peer (\`SO_TIMESTAMPNS\`), where it lies unread
until all have it, so that the peers cost the daemon no processor; 200 changes count, after 50 that do not. CPU is of
the measured part alone, ×N the number of rounds that the median is of, and who did not finish is shown with how far it
came. A path's memory is the growth of the daemon's peak resident set, in which messages on their way are included;
what paths hold is under *BGP route tables*. With \`--kernel\` it is whole routers, whose routes go to the kernel as well.`,
  },
};

const HELP = `Usage: npm run bench                            all of them, in this order; writes docs/benchmarks.md
       npm run bench -- NAME…                   just these, and only prints
       npm run bench -- NAME ARGUMENT…          one of them, in its own way

${Object.entries(MEASUREMENTS)
  .map(
    ([name, { title, takes }]) =>
      `  ${name.padEnd(18)}${title}${takes === undefined ? '' : `\n${' '.repeat(20)}${takes}`}\n`,
  )
  .join('')}
As root: the measurements work in network namespaces of their own and remove them.
`;

function fail(message: string): never {
  process.stderr.write(`${message}\n\n${HELP}`);
  process.exit(2);
}

/** Names come first; a measurement's own arguments begin with a dash or a digit. */
function read(given: readonly string[]): { readonly names: readonly string[]; readonly own: readonly string[] } {
  if (given.includes('--help') || given.includes('-h')) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const first = given.findIndex((argument) => /^[-\d]/.test(argument));
  const names = first < 0 ? given : given.slice(0, first);
  const own = given.slice(names.length);
  const unknown = names.find((name) => !Object.hasOwn(MEASUREMENTS, name));
  if (unknown !== undefined) fail(`There is no measurement '${unknown}'.`);
  if (own.length > 0 && names.length !== 1) fail(`'${own[0]}' has to follow the name of exactly one measurement.`);
  if (own.length > 0 && MEASUREMENTS[names[0]].takes === undefined) fail(`${names[0]} takes no arguments.`);
  return { names, own };
}

const { names, own } = read(process.argv.slice(2));
const machine = `${cpus().length} × ${cpus()[0].model}, Node ${process.version}`;
const head = `# Measurements

One run of \`npm run bench\` on ${machine}. Peers are measured in the same run; only ratios travel between machines.
`;
const sections: string[] = [];
for (const [name, { title, about }] of Object.entries(MEASUREMENTS)) {
  if (names.length > 0 && !names.includes(name)) continue;
  process.stderr.write(`measuring ${name} …\n`);
  const { status, stdout } = spawnSync(process.execPath, [...NODE_FLAGS, `bench/${name}.ts`, ...own], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) {
    process.stderr.write(`${name} failed\n`);
    process.exit(1);
  }
  process.stdout.write(`${title}\n${stdout}\n`);
  const preface = about === undefined ? '' : `${about}\n\n`;
  const command = `\`npm run bench -- ${name}\``;
  sections.push(`## ${title}\n\n${command}\n\n${preface}\`\`\`\n${stdout.trimEnd()}\n\`\`\`\n`);
  if (names.length === 0) writeFileSync('docs/benchmarks.md', [head, ...sections].join('\n'));
}
