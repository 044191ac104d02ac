import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { Progress, processorTime } from './progress.ts';

const START = { at: 0, worked: 0, said: 0 };
const MINUTE = 60_000;

t.test('a file on a busy machine, which gets little of the processor for an hour, goes on', async (t) => {
  const progress = new Progress(START);
  for (let minute = 1; minute <= 60; minute++) {
    t.equal(progress.judge({ at: minute * MINUTE, worked: minute * 1000, said: 0 }), undefined);
  }
});

t.test('a file that only talks goes on', async (t) => {
  const progress = new Progress(START);
  for (let minute = 1; minute <= 60; minute++) {
    t.equal(progress.judge({ at: minute * MINUTE, worked: 0, said: minute }), undefined);
  }
});

t.test('a file that neither works nor talks is ended after five minutes', async (t) => {
  const progress = new Progress(START);
  t.equal(progress.judge({ at: 5 * MINUTE, worked: 2000, said: 0 }), undefined);
  t.equal(progress.judge({ at: 5 * MINUTE + 1, worked: 2000, said: 0 }), 'no progress for 300 s');
});

t.test('its five minutes begin anew with each progress', async (t) => {
  const progress = new Progress(START);
  t.equal(progress.judge({ at: 4 * MINUTE, worked: 0, said: 1 }), undefined);
  t.equal(progress.judge({ at: 9 * MINUTE, worked: 0, said: 1 }), undefined);
  t.match(progress.judge({ at: 9 * MINUTE + 1, worked: 0, said: 1 }), /no progress/);
});

t.test('a file that turns in circles is ended after half an hour of processor time', async (t) => {
  const progress = new Progress(START);
  t.equal(progress.judge({ at: MINUTE, worked: 1_800_000, said: 1 }), undefined);
  t.match(progress.judge({ at: 2 * MINUTE, worked: 1_800_010, said: 2 }), /1800 s of processor time/);
});

t.test('the time of a process counts its children, those that have ended too', async (t) => {
  const loop = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done';
  const child = spawn('sh', ['-c', `(${loop}); (${loop}); echo done; read wait`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill());
  await once(child.stdout, 'data');
  const worked = processorTime(child.pid ?? 0);
  t.ok(worked > 20, `${worked} ms`);
  child.stdin.end();
  await once(child, 'close');
  t.equal(processorTime(child.pid ?? 0), 0);
});
