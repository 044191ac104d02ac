import { type ChildProcess, spawn } from 'node:child_process';
import { Place } from '../test/bfd/place.ts';
import { pause, usage } from './process.ts';

/**
 * BFD kept up by a node that is busy: a hundred sessions with BIRD at 3 × 50 ms. Our process has one processor, whose main loop works
 * without a pause, 150 ms at a time, and which another program that never waits wants as much. Nothing is cut: a session that
 * goes down at either end has failed in vain.
 *
 *     node bench/bfd.ts [SECONDS] [SESSIONS]        as root; works in network namespaces of its own
 */
const seconds = Number(process.argv[2] ?? 120);
const sessions = Number(process.argv[3] ?? 100);
const CPU = 0;
const BUSY = 150;

const place = new Place(sessions);
let hog: ChildProcess | undefined;
try {
  const bird = place.bird(sessions);
  const up = new Set<string>();
  let downs = 0;
  const neighbours = Array.from({ length: sessions }, (_, at) => place.neighbour(at + 1));
  const watcher = place.watch(
    neighbours,
    ({ name, state, from, detectionTime }) => {
      if (state === 'Up' && detectionTime === 150) up.add(name);
      if (from === 'Up' && state !== 'Up') downs++;
    },
    { busy: BUSY, cpu: CPU },
  );
  while (up.size < sessions) await pause(100);
  hog = spawn('taskset', ['-c', String(CPU), process.execPath, '-e', 'for (;;);']);
  await pause(2000);
  const began = birdDowns();
  const before = { downs, cpu: usage(watcher.pid!).cpuSeconds };
  await pause(seconds * 1000);
  const cpu = ((usage(watcher.pid!).cpuSeconds - before.cpu) / seconds) * 100;
  process.stdout.write(
    `${sessions} sessions with BIRD at 3 × 50 ms for ${seconds} s, on one processor shared with a busy main loop and a busy program\n` +
      `false downs: ours ${downs - before.downs}, BIRD's ${birdDowns() - began}   processor of our process ${cpu.toFixed(0)} %\n`,
  );

  /** Sessions that BIRD has not had Up since they came up first: it tells no more than since when each is as it is. */
  function birdDowns(): number {
    const lines = bird('show bfd sessions').split('\n');
    const states = lines.filter((line) => line.startsWith('10.99.')).map((line) => line.split(/ +/));
    const first = states.map(([, , , since]) => since).sort()[0];
    return states.filter(([, , state, since]) => state !== 'Up' || later(since) - later(first) > 30).length;
  }
} finally {
  hog?.kill();
  await place.remove();
}

/** Seconds of a day, of `HH:MM:SS.mmm`. */
function later(time: string): number {
  const [hours, minutes, rest] = time.split(':').map(Number);
  return hours * 3600 + minutes * 60 + rest;
}
