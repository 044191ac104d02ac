import { readFileSync } from 'node:fs';
import { silentLog } from '../../src/base/index.ts';
import { BfdThread } from '../../src/bfd/index.ts';
import { TIMERS } from './place.ts';

/*
 * A process that dies of a bug while the thread of BFD loads koffi: `ends-early.ts MICROSECONDS`, so long after the thread began
 * with it. As long as the main loop waits here, it hears nothing of the thread.
 */
const bfd = new BfdThread(silentLog);
bfd.configure([{ name: 'nobody', address: '127.0.0.9', multihop: true, timers: TIMERS }]);
while (!readFileSync('/proc/self/maps', 'utf8').includes('koffi'));
for (const end = performance.now() + Number(process.argv[2]) / 1000; performance.now() < end; );
throw new Error('a bug');
