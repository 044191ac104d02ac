import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/**
 * Runs the measurements one after another and writes what they say to docs/benchmarks.md: the only source of the
 * numbers that the README quotes. With names, runs just those and only prints; options are theirs.
 *
 *     npm run bench [-- NAME ... [--OPTION ...]]
 */
const BENCHES: Readonly<Record<string, string>> = {
  'update-to-kernel': 'UPDATEs to kernel routes, beside BIRD 2',
  'netlink-routes': 'Kernel routes: beside ip -batch and the bare kernel',
  idle: 'A node while nothing happens',
  'cold-lab': 'The lab, from nothing to all pods reaching all pods',
  'bgp-codec': 'BGP codec',
  'bgp-rib': 'BGP route tables',
  'bgp-mesh': 'BGP, a hundred speakers in one process',
  'bgp-establish': 'BGP, two speakers that dial each other',
  ipam: 'Address assignment',
  cni: 'Pods: ADD and DEL, beside ptp and bridge',
  'bgp-peers': 'BGP sessions, beside BIRD, FRR, GoBGP and OpenBGPD',
};

/** What has to be known to read the figures. */
const ABOUT: Readonly<Record<string, string>> = {
  'bgp-peers': `Each daemon runs alone in a network namespace, its peers in another: one process that plays UPDATEs encoded beforehand
over plain sockets, with nobody's BGP code. There are no kernel routes, no policy and no dialling by the daemon (it is
\`passive\`), and what would hold routes back is off: for FRR \`advertisement-interval 0\`, \`coalesce-time 0\` and
\`no bgp ebgp-requires-policy\`; the others' defaults hold nothing back. Peers dial four at a time, since BIRD and OpenBGPD
listen with a backlog of 8 and 5; in the case where 500 dial at once that backlog is what takes them so long. A change is
timed from just before it is written to its arrival in the kernel of each peer (\`SO_TIMESTAMPNS\`), where it lies unread
until all have it, so that the peers cost the daemon no processor; 200 changes count, after 50 that do not. CPU is of
the measured part alone, ×N the number of rounds that the median is of, and who did not finish is shown with how far it
came. A path's memory is the growth of the daemon's peak resident set, in which messages on their way are included;
what paths hold is under *BGP route tables*.`,
};

const given = process.argv.slice(2);
const firstOption = given.findIndex((argument) => argument.startsWith('-'));
const asked = firstOption < 0 ? given : given.slice(0, firstOption);
const options = given.slice(asked.length);
for (const name of asked) {
  if (!Object.hasOwn(BENCHES, name)) {
    process.stderr.write(`no such measurement: ${name}; there are ${Object.keys(BENCHES).join(', ')}\n`);
    process.exit(2);
  }
}

const machine = `${cpus().length} × ${cpus()[0].model}, Node ${process.version}`;
const head = `# Measurements

One run of \`npm run bench\` on ${machine}. Peers are measured in the same run; only ratios travel between machines.
`;
const sections: string[] = [];
for (const [name, title] of Object.entries(BENCHES)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  process.stderr.write(`measuring ${name} …\n`);
  const { status, stdout } = spawnSync(process.execPath, ['--expose-gc', `bench/${name}.ts`, ...options], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) {
    process.stderr.write(`${name} failed\n`);
    process.exit(1);
  }
  process.stdout.write(`${title}\n${stdout}\n`);
  const about = ABOUT[name] === undefined ? '' : `${ABOUT[name]}\n\n`;
  const command = `\`npm run bench -- ${name}\``;
  sections.push(`## ${title}\n\n${command}\n\n${about}\`\`\`\n${stdout.trimEnd()}\n\`\`\`\n`);
  if (asked.length === 0) writeFileSync('docs/benchmarks.md', [head, ...sections].join('\n'));
}
