import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/**
 * Runs the measurements one after another and writes what they say to docs/benchmarks.md: the only source of the
 * numbers that the README quotes. With names, runs just those and only prints.
 *
 *     npm run bench [-- NAME ...]
 */
const BENCHES: Readonly<Record<string, string>> = {
  'update-to-kernel': 'UPDATEs to kernel routes, beside BIRD 2',
  'netlink-routes': 'Kernel routes: beside ip -batch and the bare kernel',
  'cold-lab': 'The lab, from nothing to all pods reaching all pods',
  'bgp-codec': 'BGP codec',
  'bgp-rib': 'BGP route tables',
  'bgp-peers': 'BGP sessions, beside BIRD, FRR, GoBGP and OpenBGPD',
  ipam: 'Address assignment',
  cni: 'Pods: ADD and DEL, beside ptp and bridge',
};

const asked = process.argv.slice(2);
for (const name of asked) {
  if (!Object.hasOwn(BENCHES, name)) {
    process.stderr.write(`no such measurement: ${name}; there are ${Object.keys(BENCHES).join(', ')}\n`);
    process.exit(2);
  }
}

const sections: string[] = [];
for (const [name, title] of Object.entries(BENCHES)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  process.stderr.write(`measuring ${name} …\n`);
  const { status, stdout } = spawnSync(process.execPath, [`bench/${name}.ts`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) {
    process.stderr.write(`${name} failed\n`);
    process.exit(1);
  }
  process.stdout.write(`${title}\n${stdout}\n`);
  sections.push(`## ${title}\n\n\`node bench/${name}.ts\`\n\n\`\`\`\n${stdout.trimEnd()}\n\`\`\`\n`);
}

if (asked.length === 0) {
  const machine = `${cpus().length} × ${cpus()[0].model}, Node ${process.version}`;
  writeFileSync(
    'docs/benchmarks.md',
    `# Measurements\n\nOne run of \`npm run bench\` on ${machine}. Peers are measured in the same run; only ratios travel between machines.\n\n${sections.join('\n')}`,
  );
}
