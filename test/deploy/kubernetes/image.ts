import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from '../../../src/lab/command.ts';

/** What the Dockerfile's bases have and its programs need, as Debian's packages; with all that these depend on. */
const BASE_PACKAGES = ['dash', 'coreutils', 'nftables', 'libstdc++6'];
const BASE = 'localhost/vrouter-test/base:1';
const FOLDERS = ['bin', 'sbin', 'lib', 'lib64'];

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
  for (const folder of ['etc', 'tmp', 'root', 'proc', 'sys', 'dev', 'run', 'var/lib']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const folder of FOLDERS) {
    mkdirSync(join(root, 'usr', folder), { recursive: true });
    symlinkSync(`usr/${folder}`, join(root, folder));
  }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  const files = (await mustRun(['dpkg-query', '-L', ...(await closure(BASE_PACKAGES))]))
    .split('\n')
    .filter((line) => /^\/(usr|bin|sbin|lib|lib64)\//.test(line) && !line.startsWith('/usr/share/'));
  const script = `cd / && tar -c --no-recursion -T - | tar -x -C '${root}' && tar -c -C '${root}' -f '${root}.tar' .`;
  const input = [...new Set(files)].map((path) => path.slice(1)).join('\n');
  await mustRun(['sh', '-c', script], { input });
  return `${root}.tar`;
}

/** The packages and what they depend on, the first of each choice. */
async function closure(packages: readonly string[]): Promise<readonly string[]> {
  const depends = readStatus();
  const found = new Set<string>();
  const waiting = [...packages];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const needs = depends.get(name);
    if (found.has(name) || needs === undefined) continue;
    found.add(name);
    waiting.push(...needs);
  }
  return [...found];
}

/** By package, what it depends on: from dpkg's own record. */
function readStatus(): ReadonlyMap<string, readonly string[]> {
  const entries = readFileSync('/var/lib/dpkg/status', 'utf8').split('\n\n');
  return new Map(
    entries.flatMap((entry) => {
      const [, name] = /^Package: (\S+)$/m.exec(entry) ?? [];
      if (name === undefined) return [];
      const lines = [...entry.matchAll(/^(?:Pre-)?Depends: (.*)$/gm)].flatMap(([, list]) => list.split(','));
      return [[name, lines.map((choice) => choice.trim().split(/[ :|(]/)[0])] as const];
    }),
  );
}
