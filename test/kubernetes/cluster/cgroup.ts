import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../../../src/base/index.ts';
import { until } from '../../../src/lab/until.ts';

const ROOT = '/sys/fs/cgroup';

/** The hierarchies of this machine: one of each controller (cgroup v1), or one for all. */
function hierarchies(): readonly string[] {
  if (existsSync(join(ROOT, 'cgroup.controllers'))) return [ROOT];
  return globSync(`${ROOT}/*/cgroup.procs`).map(dirname);
}

/** Makes a group of control groups, in every hierarchy, for a kubelet to have its own below. */
export function makeCgroups(name: string): void {
  for (const hierarchy of hierarchies()) {
    let path = hierarchy;
    for (const part of name.split('/').filter(Boolean)) {
      const parent = path;
      path = join(path, part);
      if (existsSync(path)) continue;
      mkdirSync(path);
      // A set of no processors takes no process.
      for (const file of ['cpuset.cpus', 'cpuset.mems']) {
        if (existsSync(join(path, file))) writeFileSync(join(path, file), readFileSync(join(parent, file)));
      }
    }
  }
}

/** Ends what still runs in there, and removes it with what kubelet and the runtime left below. */
export async function removeCgroups(name: string): Promise<void> {
  const groups = hierarchies().flatMap((hierarchy) => below(join(hierarchy, name)));
  for (const group of groups) for (const pid of processesIn(group)) kill(pid);
  await until(systemClock, 'control groups to be empty', async () =>
    groups.every((group) => processesIn(group).length === 0),
  );
  for (const group of groups) rmdirSync(group);
}

/** The group's folder and those below, the deepest first. */
function below(group: string): readonly string[] {
  if (!existsSync(group)) return [];
  const folders = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...folders.flatMap((entry) => below(join(group, entry.name))), group];
}

function processesIn(group: string): readonly number[] {
  return readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
