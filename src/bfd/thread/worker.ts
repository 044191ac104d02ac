import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../base/index.ts';
import { type BfdSessions, sessionsOf } from '../session/index.ts';
import { UdpTransport } from '../transport/index.ts';
import { Gate } from './gate.ts';
import type { BfdBeginning, BfdNews, BfdOrder } from './messages.ts';
import { collectAlone, goFirst } from './scheduling.ts';
import { SharedTotals } from './totals.ts';

/** The program of the thread: sessions, sockets and timers of its own, whatever the node is doing. */

const port = parentPort!;
const tell = (news: BfdNews): void => port.postMessage(news);
const beginning = workerData as BfdBeginning;
const totals = new SharedTotals(beginning.totals);
const gate = new Gate(beginning.gate);

collectAlone();
tell({ kind: 'scheduled', problem: gate.pass(() => goFirst()) });

let sessions: BfdSessions | undefined;
const transport = new UdpTransport({
  clock: systemClock,
  totals,
  native: (call) => gate.pass(call),
  received: (payload, address, multihop) => sessions?.receive(payload, address, multihop),
  listening: (at, problem) => tell({ kind: 'listening', port: at, problem }),
});
sessions = sessionsOf({
  clock: systemClock,
  random: Math.random,
  caughtUp: (action) => transport.caughtUp(action),
  open: (neighbour) => transport.open(neighbour),
  told: (account) => tell({ kind: 'account', account }),
});

port.on('message', (order: BfdOrder) => {
  if (order.kind === 'configure') return void sessions?.configure(order.neighbours);
  sessions?.close();
  transport.close();
  tell({ kind: 'closed' });
  port.close();
});
