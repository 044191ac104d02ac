import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t, { type Test } from 'tap';

/** The archive of `bgp-speaker-ts`, in a project that has nothing else. No registry is asked for anything. */
const work = mkdtempSync(join(tmpdir(), 'vrouter-package-'));
t.teardown(() => rmSync(work, { recursive: true }));
const modules = resolve('node_modules');
const project = join(work, 'project');

function npm(cwd: string, ...args: readonly string[]): string {
  const env = { ...process.env, npm_config_cache: join(work, 'cache'), npm_config_update_notifier: 'false' };
  const switches = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts=false', '--loglevel=error'];
  return execFileSync('npm', [...args, ...switches], { cwd, env, encoding: 'utf8' });
}

/** Packing takes the place of package.json for a moment, so it is tried in a copy. */
function packed(t: Test): string {
  const copy = join(work, 'copy');
  for (const path of ['src/base', 'src/bgp', 'deploy/package', 'package.json', 'tsconfig.json', '.npmrc', 'LICENSE']) {
    cpSync(path, join(copy, path), { recursive: true });
  }
  symlinkSync(modules, join(copy, 'node_modules'));
  const before = readFileSync(join(copy, 'src/bgp/package.json'), 'utf8');
  npm(join(copy, 'src/bgp'), 'pack', '--pack-destination', work);
  t.equal(readFileSync(join(copy, 'src/bgp/package.json'), 'utf8'), before, 'the clone is as it was');
  t.same(globSync('src/bgp/{dist,*.tmp}', { cwd: copy }), [], 'and nothing is left in it');
  const [archive] = globSync('bgp-speaker-ts-*.tgz', { cwd: work });
  return join(work, archive);
}

t.test('bgp-speaker-ts is packed, and installed in an empty project', async (t) => {
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true }\n');
  npm(project, 'install', '--omit=optional', packed(t));
  const installed = join(project, 'node_modules/bgp-speaker-ts');
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  t.match(manifest, { name: 'bgp-speaker-ts', license: 'Apache-2.0', engines: { node: '>=22' } });
  t.same([manifest.private, manifest.scripts, manifest.dependencies], [undefined, undefined, undefined]);
  t.equal(readFileSync(join(installed, 'LICENSE'), 'utf8'), readFileSync('LICENSE', 'utf8'), 'with its licence');
  t.match(readFileSync(join(installed, 'README.md'), 'utf8'), 'npm install bgp-speaker-ts');
  const sources = globSync('**/*.ts', { cwd: installed }).filter((file) => !file.endsWith('.d.ts'));
  t.same(sources, [], 'Node strips no types below node_modules');
});

/** Two speakers on loopback, and a route from one to the other. */
const PROGRAM = `import { formatIpv4, Speaker } from 'bgp-speaker-ts';

const [near, far] = [1, 2].map((host) => {
  const address = \`127.30.\${process.pid % 250}.\${host}\`;
  const listen = [{ address, port: 10179 }];
  return { address, speaker: new Speaker({ asn: 64500 + host, routerId: address, listen }) };
});
// A route by way of loopback is refused, as it must be: this one leads elsewhere.
const peer = { port: 10179, connectRetryTime: 1, nextHop: 'keep' };
near.speaker.configure([{ ...peer, address: far.address, remoteAs: 64502, localAddress: near.address }]);
far.speaker.configure([{ ...peer, address: near.address, remoteAs: 64501, localAddress: far.address, passive: true }]);
far.speaker.originate([{ prefix: '192.0.2.0/24', nextHop: '198.51.100.1' }]);
near.speaker.onBest(async ({ addresses, lengths, nextHops, nextHopSets }) => {
  console.log(\`\${formatIpv4(addresses[0])}/\${lengths[0]}\`, 'via', nextHopSets[nextHops[0]].addresses.join());
  await Promise.all([near.speaker.stop('shutdown'), far.speaker.stop('shutdown')]);
  process.exit(0);
});
await far.speaker.start();
await near.speaker.start();
`;

for (const [release, node] of [
  [24, process.execPath],
  [22, resolve('node_modules/.node-22/bin/node')],
] as const) {
  const lacking = existsSync(node) || process.env['CI'] ? false : `no Node ${release}: sh deploy/setup.sh test`;
  t.test(
    `on Node ${release} a program in plain JavaScript gets a route from its peer`,
    { skip: lacking },
    async (t) => {
      writeFileSync(join(project, 'program.mjs'), PROGRAM);
      const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout;
      t.match(version, new RegExp(`^v${release}\\.`));
      const { stdout, stderr } = spawnSync(node, ['program.mjs'], { cwd: project, encoding: 'utf8', timeout: 60_000 });
      t.equal(stdout, '192.0.2.0/24 via 198.51.100.1\n', stderr);
    },
  );
}

/** What an embedding program names, types included; the marked line must be an error, or tsc complains of the mark. */
const TYPED = `import {
  BmpClient, type BestChanges, type Clock, type Filter, MemoryNetwork, MrtMessages, type PeerConfig, Speaker, systemClock,
  type Transport, VirtualClock,
} from 'bgp-speaker-ts';

const clock: Clock = new VirtualClock();
const transport: Transport = new MemoryNetwork({ clock }).host('192.0.2.1');
const importFilter: Filter = { name: 'none', rules: [{ match: {}, action: 'reject' }], default: 'reject' };
const peer: PeerConfig = { address: '192.0.2.2', remoteAs: 64512, importFilter };
const mrt = new MrtMessages(systemClock, (record: Uint8Array) => void record);
const onRecord = mrt.record.bind(mrt);
export const speaker = new Speaker({ asn: 64512, routerId: '192.0.2.1', listen: [], clock, onRecord }, transport);
speaker.configure([peer]);
speaker.onBest((changes: BestChanges) => void changes.nextHopSets[changes.nextHops[0]]?.addresses);
export const bmp = BmpClient;
// @ts-expect-error: an address is text
speaker.configure([{ address: 1, remoteAs: 64512 }]);
`;

t.test('a strict TypeScript program needs no types but its own', async (t) => {
  writeFileSync(join(project, 'program.mts'), TYPED);
  const tsc = join(modules, 'typescript/bin/tsc');
  for (const module of [
    ['--module', 'nodenext'],
    ['--module', 'esnext', '--moduleResolution', 'bundler'],
  ]) {
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--noEmit'];
    const switches = ['--ignoreConfig', '--target', 'es2022', ...strict, ...module];
    const args = [tsc, ...switches, 'program.mts'];
    t.equal(spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' }).stdout, '', module.join(' '));
  }
});
