import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from '../../../src/lab/command.ts';
import { rootOfPackages } from '../debian-packages.ts';

/** What the Dockerfile's bases have and its programs need, as Debian's packages; with all that these depend on. */
const BASE_PACKAGES = ['dash', 'coreutils', 'nftables', 'libstdc++6'];
const BASE = 'localhost/vrouter-test/base:1';
/** As the manifests call it. */
export const TAG = 'docker.io/library/vrouter:0.1.0';

/** Where an image is kept for the next test that wants it of the same files. */
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vrouter/images');

/** The image as `docker save` would write it, in the directory: built there, or by an earlier test of the same files. */
export async function buildImage(directory: string): Promise<string> {
  const archive = join(directory, 'vrouter.tar');
  const kept = join(CACHE, `${contextHash()}.tar`);
  if (!existsSync(kept)) {
    await build(directory, archive);
    mkdirSync(CACHE, { recursive: true });
    // Others may be at the same: whole or not at all, and of one set of files.
    for (const name of readdirSync(CACHE)) rmSync(join(CACHE, name), { force: true });
    copyFileSync(archive, `${kept}.${process.pid}`);
    renameSync(`${kept}.${process.pid}`, kept);
  } else copyFileSync(kept, archive);
  return archive;
}

/** Stands for all that goes into the image: the Dockerfile, the files that it sees, and this machine's packages. */
function contextHash(): string {
  const hash = createHash('sha256').update(`${process.version} ${statSync('/var/lib/dpkg/status').mtimeMs}`);
  const shown = readFileSync('.dockerignore', 'utf8').match(/(?<=^!).+/gm) ?? [];
  for (const path of shown.flatMap(filesOf).sort()) hash.update(`\n${path}\n`).update(readFileSync(path));
  return hash.update(readFileSync('Dockerfile')).digest('hex').slice(0, 32);
}

function filesOf(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path];
  return globSync(`${path}/**`, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/**
 * Builds the image by the Dockerfile's own steps (`podman build`) and writes it as `docker save` would. Nothing can be
 * pulled: both bases are made of this machine's packages, and the steps find its Node and npm in /usr.
 */
async function build(directory: string, archive: string): Promise<void> {
  const configuration = join(directory, 'containers.conf');
  writeFileSync(
    configuration,
    `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
tmp_dir = "${directory}/podman-tmp"
`,
  );
  const storage = ['--root', join(directory, 'podman'), '--runroot', join(directory, 'podman-run')];
  const podman = (...words: readonly string[]): Promise<string> =>
    mustRun(['podman', ...storage, '--storage-driver', 'overlay', ...words], {
      env: { ...process.env, CONTAINERS_CONF: configuration },
    });
  await podman('import', '--quiet', await baseImage(directory), BASE);
  // npm's settings and cache are this machine's.
  const shared = ['/usr:/usr:ro', '/etc:/etc:ro', `${homedir()}:${homedir()}`];
  await podman(
    ...['build', '--quiet', '--layers=false', '--isolation', 'chroot', '--network', 'host'],
    ...['--build-arg', `BUILD_IMAGE=${BASE}`, '--build-arg', `BASE_IMAGE=${BASE}`],
    ...shared.flatMap((volume) => ['--volume', volume]),
    ...['--tag', TAG, '.'],
  );
  await podman('save', '--quiet', '--format', 'docker-archive', '--output', archive, TAG);
  await podman('rmi', '--all', '--force');
}

/** A tar of the packages' files below a file system's usual folders. */
async function baseImage(directory: string): Promise<string> {
  const root = join(directory, 'base');
  await rootOfPackages(
    root,
    BASE_PACKAGES,
    (path) => /^\/(usr|bin|sbin|lib|lib64)\//.test(path) && !path.startsWith('/usr/share/'),
  );
  await mustRun(['tar', '-c', '-C', root, '-f', `${root}.tar`, '.']);
  return `${root}.tar`;
}
