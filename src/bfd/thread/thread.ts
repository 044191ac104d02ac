import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { type Log, reasonOf } from '../../base/index.ts';
import type { BfdAccount, BfdNeighbour } from '../session/index.ts';
import type { BfdTotals } from '../transport/index.ts';
import { Gate, gateMemory } from './gate.ts';
import type { BfdBeginning, BfdNews, BfdOrder } from './messages.ts';
import { SharedTotals, totalsMemory } from './totals.ts';

/** MiB: a hundred sessions need few objects, and a small heap is collected fast. */
const YOUNG = 4;
const OLD = 64;

/** BFD as who embeds it sees it. */
export interface Bfd {
  /** The neighbours that there should be. Telling the same again changes nothing. */
  configure(neighbours: readonly BfdNeighbour[]): void;
  /** Hears of each change of a session. At most one listener. */
  onChange(listener: (account: BfdAccount) => void): void;
  /** How each session is, as last told, by its neighbour's name. */
  readonly accounts: ReadonlyMap<string, BfdAccount>;
  readonly totals: Readonly<BfdTotals>;
  /** The problems that keep BFD as a whole from working. */
  problems(): readonly string[];
  /** Ends all sessions so that neighbours know that it is meant. */
  stop(): Promise<void>;
}

/**
 * BFD on a thread of its own, which is there while there are neighbours: packets go and come in time when the node
 * calculates for a second, collects garbage or writes a table. What passes between the two are changes.
 */
export class BfdThread implements Bfd {
  readonly #log: Log;
  readonly #memory = totalsMemory();
  readonly totals: Readonly<BfdTotals> = new SharedTotals(this.#memory);
  readonly #accounts = new Map<string, BfdAccount>();
  readonly #deaf = new Map<number, string>();
  #neighbours = '[]';
  #names: ReadonlySet<string> = new Set();
  #worker: Worker | undefined;
  #failure: string | undefined;
  #late: string | undefined;
  #closed: () => void = () => {};
  #leave: () => void = () => {};
  #listener: (account: BfdAccount) => void = () => {};

  constructor(log: Log) {
    this.#log = log;
  }

  get accounts(): ReadonlyMap<string, BfdAccount> {
    return this.#accounts;
  }

  configure(neighbours: readonly BfdNeighbour[]): void {
    const text = JSON.stringify(neighbours);
    if (text === this.#neighbours) return;
    this.#neighbours = text;
    this.#names = new Set(neighbours.map(({ name }) => name));
    for (const name of this.#accounts.keys()) if (!this.#names.has(name)) this.#accounts.delete(name);
    for (const { name } of neighbours) if (!this.#accounts.has(name)) this.#accounts.set(name, begun(name));
    if (this.#worker === undefined && neighbours.length > 0) this.#worker = this.#begin();
    this.#order({ kind: 'configure', neighbours });
  }

  onChange(listener: (account: BfdAccount) => void): void {
    this.#listener = listener;
  }

  problems(): readonly string[] {
    const own = [this.#failure, this.#late].filter((one) => one !== undefined);
    return [...own, ...this.#deaf.values()];
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const closed = new Promise<void>((resolve) => {
      this.#closed = resolve;
    });
    // It says goodbye to neighbours even when nothing else keeps the process.
    worker.ref();
    this.#order({ kind: 'close' });
    await closed;
    this.#worker = undefined;
    await worker.terminate();
    this.#leave();
  }

  #order(order: BfdOrder): void {
    this.#worker?.postMessage(order);
  }

  #begin(): Worker {
    const memory = gateMemory();
    const beginning: BfdBeginning = { totals: this.#memory, gate: memory };
    const worker = new Worker(program(), {
      workerData: beginning,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG, maxOldGenerationSizeMb: OLD },
    });
    worker.on('message', (news: BfdNews) => this.#heard(news));
    worker.on('error', (error) => this.#failed(`BFD has stopped: ${reasonOf(error)}`));
    worker.on('exit', () => this.#closed());
    const shut = (): void => new Gate(memory).shut();
    process.once('exit', shut);
    this.#leave = () => process.off('exit', shut);
    // Whoever waits for nothing else may go.
    worker.unref();
    return worker;
  }

  #heard(news: BfdNews): void {
    if (news.kind === 'closed') this.#closed();
    else if (news.kind === 'listening') this.#listening(news.port, news.problem);
    else if (news.kind === 'scheduled') this.#scheduled(news.problem);
    // It may have crossed the order to end.
    else if (this.#names.has(news.account.name)) {
      this.#accounts.set(news.account.name, news.account);
      this.#listener(news.account);
    }
  }

  #scheduled(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#late) this.#log.warn({}, problem);
    this.#late = problem;
  }

  #listening(port: number, reason: string | undefined): void {
    if (reason === undefined) return void this.#deaf.delete(port);
    const problem = `BFD can not listen on UDP port ${port}: ${reason}`;
    if (!this.#deaf.has(port)) this.#log.warn({ port }, `${problem}; it tries again`);
    this.#deaf.set(port, problem);
  }

  /**
   * A thread that is gone watches nobody, and nobody is to be taken for dead because of it. The next change starts
   * another.
   */
  #failed(reason: string): void {
    this.#log.error({}, reason);
    this.#failure = reason;
    this.#leave();
    this.#worker = undefined;
    this.#neighbours = '[]';
    this.#accounts.clear();
  }
}

function begun(name: string): BfdAccount {
  return {
    ...{ name, state: 'Down', from: 'Down', remoteState: 'Down', diagnostic: 0, remoteDiagnostic: 0 },
    ...{ remoteIndependent: false, transmitInterval: 0, detectionTime: 0 },
  };
}

/** The thread's program: beside this file, or where the bundles are. */
function program(): URL {
  const beside = new URL('./worker.ts', import.meta.url);
  return existsSync(beside) ? beside : new URL('../bfd-thread.js', import.meta.url);
}
