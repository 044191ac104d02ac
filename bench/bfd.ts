import { type ChildProcess, spawn } from 'node:child_process';
import type { BfdAccount } from '../src/bfd/index.ts';
import { Place } from '../test/bfd/place.ts';
import { pause, usage } from './process.ts';
import { Standstills } from './standstills.ts';

/**
 * BFD kept up by a node that is busy: a hundred sessions at 3 × 50 ms with BIRD, or with vRouter at the other end. Our process has one
 * processor, whose main loop works without a pause, 150 ms at a time, and which another program that never waits wants as much.
 * Nothing is cut: a session that goes down at either end has failed in vain. The neighbour has whatever processor it
 * gets, at real-time priority: it stands for another machine. When the machine itself stands still, no program can help it: that is told too.
 *
 *     node bench/bfd.ts [SECONDS] [SESSIONS] [bird|vrouter]      as root; works in network namespaces of its own
 */
const seconds = Number(process.argv[2] ?? 120);
const sessions = Number(process.argv[3] ?? 100);
const peer = process.argv[4] ?? 'bird';
if (peer !== 'bird' && peer !== 'vrouter') throw new Error(`neighbour '${peer}': expected bird or vrouter`);
const CPU = 0;
const BUSY = 150;
const DETECTION = 150;
const TELL_EVERY = 300;
const neighbourName = { bird: 'BIRD', vrouter: 'vRouter' }[peer];

const place = new Place(sessions);
let hog: ChildProcess | undefined;
let other = 0;
const standstills = new Standstills((processor, length) => tell(`processor ${processor} stood still for ${length} ms`));
try {
  const all = Array.from({ length: sessions }, (_, at) => at + 1);
  if (peer === 'bird') place.bird(sessions);
  else place.watchBack(all, (account) => (other += Number(isDown(account))));
  const up = new Set<string>();
  let downs = 0;
  const watcher = place.watch(
    all.map((at) => place.neighbour(at)),
    (account) => {
      if (account.state === 'Up' && account.detectionTime === DETECTION) up.add(account.name);
      if (!isDown(account)) return;
      downs++;
      const { name, diagnostic, remoteDiagnostic } = account;
      tell(`${name} is down: ours says ${diagnostic}, the neighbour's ${remoteDiagnostic}`);
    },
    { busy: BUSY, cpu: CPU },
  );
  while (up.size < sessions) await pause(100);
  hog = spawn('taskset', ['-c', String(CPU), process.execPath, '-e', 'for (;;);']);
  await pause(2000);
  standstills.restart();
  const before = { downs, other: otherDowns(), cpu: usage(watcher.pid!).cpuSeconds };
  for (let left = seconds; left > 0; left -= TELL_EVERY) {
    await pause(Math.min(left, TELL_EVERY) * 1000);
    const told = `ours ${downs - before.downs}, ${neighbourName}'s ${otherDowns() - before.other}`;
    if (left > TELL_EVERY) tell(`false downs so far: ${told}`);
  }
  const cpu = ((usage(watcher.pid!).cpuSeconds - before.cpu) / seconds) * 100;
  process.stdout.write(
    `${sessions} sessions with ${neighbourName} at 3 × 50 ms for ${seconds} s, on one processor shared with a busy main loop and a busy program\n` +
      `false downs: ours ${downs - before.downs}, ${neighbourName}'s ${otherDowns() - before.other}   processor of our process ${cpu.toFixed(0)} %\n` +
      `a processor of the machine itself stood still ${standstills.text}\n`,
  );
} finally {
  hog?.kill();
  standstills.end();
  await place.remove();
}

function isDown({ state, from }: BfdAccount): boolean {
  return from === 'Up' && state !== 'Up';
}

function otherDowns(): number {
  return peer === 'bird' ? place.birdDowns : other;
}

/** As it happens, beside the time, for who looks at the log of an hour. */
function tell(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 23)} ${text}\n`);
}
