import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { VERSION } from '../../src/base/index.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import { DebianRoot } from './debian-root.ts';

/** The Debian package, built by its script, through its life in a small Debian: `dpkg` itself, and real nftables. */
const work = mkdtempSync(join(tmpdir(), 'vrouter-deb-'));
t.teardown(() => rmSync(work, { recursive: true }));
t.setTimeout(300_000);
const env = { ...process.env, DPKG_DEB_COMPRESSOR_TYPE: 'none', SOURCE_DATE_EPOCH: '1790000000' };
const SETTINGS = 'etc/vrouter/vrouter.env';
const NETWORK = 'etc/cni/net.d/10-vrouter.conflist';
const ENABLED = 'etc/systemd/system/multi-user.target.wants/vrouter.service';

/** The package of this clone with another version, and other settings; the clone itself stays as it is. */
function build(version: string, settings = ''): string {
  const copy = join(work, version);
  for (const name of ['deploy', 'CHANGELOG.md']) cpSync(name, join(copy, name), { recursive: true });
  symlinkSync(resolve('dist'), join(copy, 'dist'));
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  const manifest = { ...JSON.parse(readFileSync('package.json', 'utf8')), version };
  writeFileSync(join(copy, 'package.json'), JSON.stringify(manifest));
  appendFileSync(join(copy, 'deploy/vrouter.env'), settings);
  execFileSync('sh', [join(copy, 'deploy/deb.sh'), work], { env, stdio: 'pipe' });
  const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  return join(work, `vrouter_${version.replace('-', '~')}_${architecture}.deb`);
}

t.test('the package is installed, upgraded, removed and purged as Debian’s are', needsRoot, async (t) => {
  const first = build(VERSION);
  const field = (name: string): string =>
    execFileSync('dpkg-deb', ['--field', first, name], { encoding: 'utf8' }).trim();
  t.equal(field('Version'), VERSION);
  // Nothing but what it says itself to need.
  const needs = field('Depends')
    .split(', ')
    .map((need) => need.split(' ')[0]);
  const root = await DebianRoot.make(join(work, 'root'), [...needs, 'mandoc']);
  t.teardown(() => root.remove());

  const ok = async (command: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await root.run(command, input);
    t.equal(code, 0, `${command.join(' ')}\n${stderr}`);
    return stdout;
  };
  const dpkg = (...args: readonly string[]): Promise<string> =>
    ok(['dpkg', '--force-unsafe-io', '--force-confdef', '--force-confold', ...args]);
  const install = async (archive: string): Promise<string> => {
    cpSync(archive, root.path('vrouter.deb'));
    return dpkg('--install', '/vrouter.deb');
  };
  /** What systemd was asked since the last time, but for questions. */
  const asked = (): readonly string[] => {
    const file = root.path('asked');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
    rmSync(file, { force: true });
    return lines.filter((line) => !/is-enabled|is-active|show /.test(line));
  };
  const mode = (path: string): string => (lstatSync(root.path(path)).mode & 0o7777).toString(8);
  const files = execFileSync('sh', ['-c', `dpkg-deb --fsys-tarfile ${first} | tar -t`], { encoding: 'utf8' })
    .split('\n')
    .map((path) => path.slice('./'.length))
    .filter((path) => path !== '' && !path.endsWith('/'));

  await t.test(
    'installed: everything is in its place, the service is enabled and waits for its settings',
    async (t) => {
      t.match(await install(first), /set the datastore in \/etc\/vrouter\/vrouter\.env/);
      for (const path of files) t.ok(lstatSync(root.path(path), { throwIfNoEntry: false }), path);
      const listed = (await ok(['dpkg', '--listfiles', 'vrouter'])).split('\n').map((path) => path.slice(1));
      t.same(
        files.filter((path) => !listed.includes(path)),
        [],
        'and dpkg knows it',
      );
      t.equal(await ok(['dpkg', '--verify', 'vrouter']), '', 'as the package’s sums say');
      const places = [
        ...['bin/calicoctl', 'sbin/vrouter', 'lib/cni/calico', 'lib/systemd/system/vrouter.service'],
        ...[
          'man/man8/vrouter.8.gz',
          'man/man1/calicoctl-get.1.gz',
          'doc/vrouter/copyright',
          'doc/vrouter/changelog.gz',
        ],
        ...['bash-completion/completions/vrouter', 'zsh/vendor-completions/_vrouter'].map((path) => `share/${path}`),
        'share/fish/vendor_completions.d/calicoctl.fish',
      ].map((path) => (/^(man|doc)/.test(path) ? `usr/share/${path}` : `usr/${path}`));
      for (const path of [...places, 'opt/cni/bin/calico', SETTINGS, NETWORK]) t.ok(files.includes(path), path);
      t.same([mode(SETTINGS), mode(NETWORK), mode('usr/lib/vrouter'), mode('')], ['640', '644', '755', '755']);
      t.equal(readlinkSync(root.path(ENABLED)), '/lib/systemd/system/vrouter.service');
      t.same(asked(), ['--system daemon-reload'], 'nothing is started');
      const unit = readFileSync(root.path('usr/lib/systemd/system/vrouter.service'), 'utf8');
      t.notOk(
        files.some((path) => /share\/doc.*errors\.md/.test(path) && !path.includes('/dist/')),
        'which a site may leave out',
      );
      t.match(unit, '\nExecStart=/usr/lib/vrouter/dist/bin/vrouter daemon\n');
      t.notMatch(unit, '/opt/');
    },
  );

  await t.test('its programs, manual and CNI plugin work there', async (t) => {
    for (const word of ['--version', 'version']) t.equal(await ok(['vrouter', word]), `${VERSION}\n`);
    t.match(await ok(['calicoctl', '--help']), /Usage:/);
    t.match(await ok(['mman', '-c', 'vrouter']), /VROUTER\(8\)[\s\S]*makes this Linux host a router/);
    t.match(await ok(['mman', '-c', '1', 'calicoctl-get']), /CALICOCTL-GET\(1\)/);
    // The settings as they come are sound; the kernel's side is loaded too.
    t.match(await ok(['sh', '-c', `set -a; . /${SETTINGS}; exec vrouter daemon --check`]), /./);
    for (const place of ['/usr/lib/cni/calico', '/opt/cni/bin/calico']) {
      const answer = await ok(['env', 'CNI_COMMAND=VERSION', place], '{"cniVersion":"1.0.0"}');
      t.match(JSON.parse(answer), { cniVersion: '1.0.0' });
    }
    t.match(await ok(['vrouter', 'explain', 'CONFIG']), /CONFIG/);
    const licences = readFileSync(root.path('usr/share/doc/vrouter/copyright'), 'utf8');
    for (const name of ['node-linux-', 'koffi', 'zod', 'QuickJS']) t.match(licences, `\n-- ${name}`);
  });

  await t.test(
    'upgraded: settings stay as they were written, and what runs is started anew, never stopped',
    async (t) => {
      appendFileSync(root.path(SETTINGS), 'NODENAME=mine\n');
      await install(build('9.0.0-rc.1', 'NODENAME=theirs\n'));
      t.match(readFileSync(root.path(SETTINGS), 'utf8'), /\nNODENAME=mine\n$/);
      t.match(readFileSync(root.path(`${SETTINGS}.dpkg-dist`), 'utf8'), /\nNODENAME=theirs\n$/);
      const did = asked();
      t.match(did.at(-1), /try-restart.*vrouter\.service/);
      t.notMatch(did.join('\n'), /(^| )(stop|restart|start) /m);
      t.match(await ok(['dpkg', '--status', 'vrouter']), /\nVersion: 9\.0\.0~rc\.1\n/);
      t.equal((await root.run(['dpkg', '--compare-versions', '9.0.0~rc.1', 'lt', '9.0.0'])).code, 0);
    },
  );

  const tables = async (): Promise<readonly string[]> => (await ok(['nft', 'list', 'tables'])).trim().split('\n');
  const state = (name: string): string => root.path(`var/lib/calico/${name}`);

  await t.test('removed: the daemon ends; kernel, state and settings are left', async (t) => {
    await ok(['nft', 'add table inet vrouter-policy; add table ip vrouter-nat; add table inet filter']);
    mkdirSync(state('vrouter-deletions'), { recursive: true });
    for (const name of ['vrouter.db', 'vrouter.db-wal', 'nodename', 'mtu', 'vrouter-deletions/1']) {
      writeFileSync(state(name), '');
    }
    await dpkg('--remove', 'vrouter');
    t.match(asked()[0], /stop.*vrouter\.service/);
    const left = files.filter((path) => lstatSync(root.path(path), { throwIfNoEntry: false }));
    t.same(left.sort(), [NETWORK, SETTINGS]);
    t.same(await tables(), ['table inet vrouter-policy', 'table ip vrouter-nat', 'table inet filter']);
    t.ok(existsSync(state('vrouter.db')));
  });

  await t.test('purged: what is ours goes, but no running pod’s policy', async (t) => {
    const purge = (): Promise<string> => ok(['sh', '/var/lib/dpkg/info/vrouter.postrm', 'purge']);
    // Calico's own plugin is there, and a pod.
    mkdirSync(root.path('opt/cni/bin'), { recursive: true });
    writeFileSync(root.path('opt/cni/bin/calico'), '');
    await ok(['nft', 'add table ip vrouter-sources']);
    await root.addLink('cali0123');
    t.match(await purge(), /pods still have their interfaces/);
    t.same((await tables()).length, 4);
    t.same(readdirSync(state('')).sort(), ['mtu', 'nodename'], 'which Calico goes on with');

    rmSync(root.path('opt/cni'), { recursive: true });
    await root.removeLink('cali0123');
    renameSync(root.path('run/systemd'), root.path('run/none'));
    await purge();
    t.same((await tables()).length, 4, 'in a chroot, where no systemd runs, the kernel is another system’s');
    renameSync(root.path('run/none'), root.path('run/systemd'));
    await dpkg('--purge', 'vrouter');
    t.same(await tables(), ['table inet filter']);
    for (const path of ['var/lib/calico', 'etc/vrouter', NETWORK, ENABLED, `${SETTINGS}.dpkg-dist`]) {
      t.notOk(lstatSync(root.path(path), { throwIfNoEntry: false }), path);
    }
    t.not((await root.run(['dpkg', '--status', 'vrouter'])).code, 0);
  });
});
