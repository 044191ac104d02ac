import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from '../../../src/lab/command.ts';
import { rootOfPackages } from '../debian-packages.ts';

/** What the Dockerfile's bases have and its programs need, as Debian's packages; with all that these depend on. */
const BASE_PACKAGES = ['dash', 'coreutils', 'nftables', 'libstdc++6'];
const BASE = 'localhost/vrouter-test/base:1';

/**
 * Builds the image by the Dockerfile's own steps (`podman build`) and writes it as `docker save` would. Nothing can be
 * pulled: both bases are made of this machine's packages, and the steps find its Node and npm in /usr.
 */
export async function buildImage(directory: string, tag: string): Promise<string> {
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
    ...['--tag', tag, '.'],
  );
  const archive = join(directory, 'vrouter.tar');
  await podman('save', '--quiet', '--format', 'docker-archive', '--output', archive, tag);
  await podman('rmi', '--all', '--force');
  return archive;
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
