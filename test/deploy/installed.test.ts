import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { LOADED } from '../../deploy/package/published.ts';
import { VERSION } from '../../src/base/index.ts';
import { needsRoot } from '../cluster/cluster.ts';

/** vRouter's own archive, installed by npm where there is no clone. No registry is asked for anything. */
const work = mkdtempSync(join(tmpdir(), 'vrouter-installed-'));
t.teardown(() => rmSync(work, { recursive: true }));
const modules = resolve('node_modules');
const project = join(work, 'project');

function npm(cwd: string, ...args: readonly string[]): string {
  const env = { ...process.env, npm_config_cache: join(work, 'cache'), npm_config_update_notifier: 'false' };
  const switches = ['--offline', '--no-audit', '--no-fund', '--loglevel=error'];
  return execFileSync('npm', [...args, ...switches], { cwd, env, encoding: 'utf8' });
}

/** The folder of a copy that needs nothing but the others: npm of any version installs it, and writes to it alone. */
function copied(name: string, others: readonly string[]): string {
  const folder = join(work, 'given', name);
  cpSync(join(modules, name), folder, { recursive: true });
  const file = join(folder, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  const known = (given: Readonly<Record<string, string>> = {}): object =>
    Object.fromEntries(Object.entries(given).filter(([other]) => others.includes(other)));
  const dependencies = known(manifest.dependencies);
  const optionalDependencies = known(manifest.optionalDependencies);
  writeFileSync(
    file,
    JSON.stringify({ ...manifest, dependencies, optionalDependencies, devDependencies: {}, scripts: {} }),
  );
  return folder;
}

function run(program: string, ...args: readonly string[]): ReturnType<typeof spawnSync> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  return spawnSync(join(project, 'node_modules/.bin', program), args, { cwd: '/', env, encoding: 'utf8' });
}

t.test('npm pack makes an archive that holds what runs', async (t) => {
  const copy = join(work, 'copy');
  const needed = ['src', 'deploy', 'docs', 'package.json', 'tsconfig.json', '.npmrc', 'LICENSE', 'README.md'];
  for (const path of needed) cpSync(path, join(copy, path), { recursive: true });
  symlinkSync(modules, join(copy, 'node_modules'));
  npm(copy, 'pack', '--ignore-scripts=false', '--pack-destination', work);
  t.equal(
    readFileSync(join(copy, 'package.json'), 'utf8'),
    readFileSync('package.json', 'utf8'),
    'the clone is as it was',
  );
});

t.test('installed, it starts on its own Node, and needs no other package than it says', async (t) => {
  const [archive] = globSync('vrouter-*.tgz', { cwd: work });
  // In the place of a registry: what it needs, from here.
  const native = globSync(['node-linux-*', '@koromix/koffi-*'], { cwd: modules });
  const given = [...LOADED, 'node-gyp-build', 'node-addon-api', ...native];
  const folders = Object.fromEntries(given.map((name) => [name, `file:${copied(name, given)}`]));
  mkdirSync(project);
  const dependencies = { ...folders, vrouter: `file:${join(work, archive)}` };
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'host', private: true, dependencies }));
  npm(project, 'install', '--ignore-scripts', '--install-links');
  const installed = join(project, 'node_modules/vrouter');
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  t.same(Object.keys(manifest.dependencies), LOADED);
  t.same([manifest.private, manifest.workspaces, manifest.scripts], [undefined, undefined, undefined]);

  t.equal(run('vrouter', 'version').stdout, `${VERSION}\n`);
  t.match(run('vrouter', '--help').stdout, /Usage: vrouter COMMAND/);
  t.match(run('calicoctl', '--help').stdout, /calicoctl/);
});

t.test('vrouter lab works from there', needsRoot, async (t) => {
  const lab = run('vrouter', 'lab', 'up', '--name', `n${process.pid}`, '--nodes', '2', '--pods', '1', '--exit');
  t.equal(lab.status, 0, String(lab.stderr));
  t.match(lab.stdout, /All 2 paths between pods work/);
});
