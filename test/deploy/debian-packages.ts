import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../../src/lab/command.ts';

const FOLDERS = ['bin', 'sbin', 'lib', 'lib64'];

/**
 * Makes a root file system of this machine's Debian packages and all that these depend on, the first of each choice: its
 * usual folders, and those files of the packages that `wanted` says.
 */
export async function rootOfPackages(
  root: string,
  packages: readonly string[],
  wanted: (path: string) => boolean,
): Promise<readonly string[]> {
  for (const folder of ['etc', 'tmp', 'root', 'proc', 'sys', 'dev', 'run', 'var/lib']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const folder of FOLDERS) {
    mkdirSync(join(root, 'usr', folder), { recursive: true });
    symlinkSync(`usr/${folder}`, join(root, folder));
  }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  const all = closure(packages);
  const files = (await mustRun(['dpkg-query', '-L', ...all])).split('\n').filter(wanted);
  const input = [...new Set(files)].map((path) => path.slice(1)).join('\n');
  await mustRun(['sh', '-c', `cd / && tar -c --no-recursion -T - | tar -x -C '${root}'`], { input });
  return all;
}

/** dpkg's record of each package that is installed here, by name. */
export function dpkgStatus(): ReadonlyMap<string, string> {
  const entries = readFileSync('/var/lib/dpkg/status', 'utf8').split('\n\n');
  return new Map(
    entries.flatMap((entry) => {
      const [, name] = /^Package: (\S+)$/m.exec(entry) ?? [];
      return name === undefined ? [] : [[name, entry] as const];
    }),
  );
}

function closure(packages: readonly string[]): readonly string[] {
  const status = dpkgStatus();
  const found = new Set<string>();
  const waiting = [...packages];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const entry = status.get(name);
    if (found.has(name) || entry === undefined) continue;
    found.add(name);
    const needs = [...entry.matchAll(/^(?:Pre-)?Depends: (.*)$/gm)].flatMap(([, list]) => list.split(','));
    waiting.push(...needs.map((choice) => choice.trim().split(/[ :|(]/)[0]));
  }
  return [...found];
}
