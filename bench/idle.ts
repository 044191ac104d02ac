import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { end, ip, median, pause, resident, usage } from './process.ts';
import { startVrouter, type VrouterPlan, vrouterIsUp } from './vrouter.ts';

/**
 * What a node costs while nothing happens: three whole daemons on one embedded datastore, in a mesh, with a block each;
 * the processor's time and the memory of each once all sessions are up.
 *
 *     node bench/idle.ts [SECONDS]        as root; works in network namespaces of its own
 */
const seconds = Number(process.argv[2] ?? 20);
const NODES = 3;
/** Until start-up's garbage is collected and its last timers are through. */
const SETTLE = 15_000;
const directory = mkdtempSync(join(tmpdir(), 'vrouter-idle-'));
const bridge = `vrb-${process.pid}-b`;

const plans: readonly VrouterPlan[] = Array.from({ length: NODES }, (_, at) => ({
  namespace: `vrb-${process.pid}-${at + 1}`,
  directory,
  node: `idle${at + 1}`,
  ip: `172.31.251.${at + 1}/24`,
}));

function attach({ namespace, node, ip: address }: VrouterPlan): void {
  ip('netns', 'add', namespace);
  ip('link', 'add', 'eth0', 'netns', namespace, 'type', 'veth', 'peer', 'name', node, 'netns', bridge);
  ip('-n', bridge, 'link', 'set', node, 'master', 'br0', 'up');
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  ip('-n', namespace, 'addr', 'add', address, 'dev', 'eth0');
  ip('-n', namespace, 'link', 'set', 'eth0', 'up');
}

const daemons: ChildProcess[] = [];
ip('netns', 'add', bridge);
try {
  ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge');
  ip('-n', bridge, 'link', 'set', 'br0', 'up');
  for (const plan of plans) {
    attach(plan);
    daemons.push(startVrouter(plan));
  }
  await Promise.all(plans.map((plan) => vrouterIsUp(plan, NODES - 1)));
  await pause(SETTLE);
  const pids = daemons.map(({ pid = 0 }) => pid);
  const before = pids.map((pid) => usage(pid).cpuSeconds);
  await pause(seconds * 1000);
  const shares = pids.map((pid, index) => ((usage(pid).cpuSeconds - before[index]) / seconds) * 100);
  process.stdout.write(
    `${NODES} daemons in a mesh on one embedded datastore, idle for ${seconds} s; median of them\n` +
      `processor ${median(shares).toFixed(2)} %   resident set ${median(pids.map(resident)).toFixed(0)} MB\n`,
  );
} finally {
  await Promise.all(daemons.map(end));
  for (const name of [bridge, ...plans.map(({ namespace }) => namespace)]) ip('netns', 'del', name);
  rmSync(directory, { recursive: true, force: true });
}
