import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { Gate, gateMemory } from '../../../src/bfd/thread/gate.ts';

const GATE = new URL('../../../src/bfd/thread/gate.ts', import.meta.url).href;
/** A thread in the midst of a call, then of another one. Cell 0: the calls that have been made. */
const THREAD = `const { parentPort, workerData } = require('node:worker_threads');
import(${JSON.stringify(GATE)}).then(({ Gate }) => {
  const [gate, made] = [new Gate(workerData.memory), new Int32Array(workerData.made)];
  const call = () => {
    parentPort.postMessage('in the midst of it');
    Atomics.wait(made, 1, 0, 100);
    Atomics.add(made, 0, 1);
  };
  gate.pass(call);
  gate.pass(call);
});`;
/** Microseconds; any of them may be the one that would be the wrong moment. */
const DELAYS = [200, 400, 800, 1600];

t.test('the end waits for the call that is being made, and no other one is begun', async (t) => {
  const memory = gateMemory();
  const made = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  const thread = new Worker(THREAD, { eval: true, workerData: { memory, made } });
  await once(thread, 'message');
  new Gate(memory).shut();
  const calls = new Int32Array(made)[0];
  t.ok(calls >= 1, 'it was waited for');
  await thread.terminate();
  t.equal(new Int32Array(made)[0], calls);
});

t.test('a gate that nobody passes is shut at once, and what passed before has its answer', async (t) => {
  const gate = new Gate(gateMemory());
  t.equal(
    gate.pass(() => 7),
    7,
  );
  t.throws(
    () =>
      gate.pass(() => {
        throw new Error('no such call');
      }),
    /no such call/,
  );
  t.equal(
    gate.pass(() => 8),
    8,
    'one that failed does not stay in it',
  );
  gate.shut();
  gate.shut();
});

t.test('a process that dies while the thread loads koffi dies of its own bug', async (t) => {
  for (const delay of DELAYS) {
    const program = new URL('../ends-early.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [program, String(delay)], { stdio: ['ignore', 'ignore', 'pipe'] });
    const said = text(child.stderr);
    const [code, signal] = await once(child, 'close');
    t.same([code, signal], [1, null], `${delay} µs after it began`);
    t.match(await said, /Error: a bug/);
  }
});
