import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Clock, sleep } from '../base/index.ts';
import { type Breakage, breakIt, mendIt } from './breakage.ts';
import { inNamespace } from './command.ts';
import { LabError } from './errors.ts';
import { measureReachability } from './reachability.ts';
import { table } from './report.ts';
import type { LabRecord, LabState } from './state.ts';
import { untilSessions } from './topology/index.ts';
import { until } from './until.ts';

/** Milliseconds between two packets of a pair. */
const INTERVAL = 10;
/** Milliseconds for which packets go before anything is done to them. */
const BEFORE = 300;
const MAX_PAIRS = 64;

/** Packets of all pairs together, and of the pair that lost most. */
export interface Loss {
  readonly sent: number;
  readonly lost: number;
  readonly worst: number;
}

/** The loss of the pods' packets by one breakage. */
export interface BreakageLoss {
  readonly what: string;
  readonly going: Loss;
  /** Whether every pod reached every other while it was gone. */
  readonly reachable: boolean;
  readonly coming: Loss;
}

export interface LossOptions {
  readonly clock: Clock;
  /** Milliseconds to watch for after each change. */
  readonly watch: number;
  /** Nothing notices but what watches: packets are dropped, and interfaces stay up. */
  readonly silent: boolean;
  readonly signal?: AbortSignal;
}

/** Breaks it, and mends it, while pods of different nodes ping each other. It is mended whatever happens. */
export async function measureLoss(record: LabRecord, breakage: Breakage, options: LossOptions): Promise<BreakageLoss> {
  const { silent } = options;
  const going = await watchPackets(record.state, options, () => breakIt(breakage, silent)).catch(async (error) => {
    await mendIt(breakage, silent).catch(() => {});
    throw error;
  });
  let mended = false;
  try {
    const reachable = await reaches(record.state, options);
    const coming = await watchPackets(record.state, options, async () => {
      mended = true;
      await mendIt(breakage, silent);
    });
    // Nothing else is broken before all is as it was.
    await untilSessions(record, options.clock, options.signal);
    return { what: breakage.what, going, reachable, coming };
  } finally {
    if (!mended) await mendIt(breakage, silent);
  }
}

/** Pings along every pair of pods on different nodes, some time around the change. */
async function watchPackets(state: LabState, options: LossOptions, change: () => Promise<void>): Promise<Loss> {
  const { clock, watch, signal } = options;
  const pairs = state.pods
    .flatMap((from) => state.pods.filter(({ node }) => node !== from.node).map((to) => ({ from, to })))
    .slice(0, MAX_PAIRS);
  if (pairs.length === 0) throw new LabError('NO_NODE', 'there are no pods on different nodes to send packets');
  const pings = pairs.map(({ from, to }) => startPing(from.namespace, to.address ?? ''));
  try {
    await sleep(clock, BEFORE, signal);
    await change();
    await sleep(clock, watch, signal);
  } finally {
    for (const { stop } of pings) stop();
  }
  const counts = await Promise.all(pings.map(({ counts }) => counts));
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
  const losses = counts.map(({ sent, received }) => sent - received);
  return { sent: sum(counts.map(({ sent }) => sent)), lost: sum(losses), worst: Math.max(...losses) };
}

function startPing(namespace: string, target: string) {
  const words = ['ping', '-n', '-q', '-i', String(INTERVAL / 1000), target];
  const [file, ...args] = inNamespace(namespace, words);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const counts = once(child, 'close').then(() => {
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(said)?.map(Number) ?? [];
    if (sent === undefined) throw new LabError('COMMAND_FAILED', `${words.join(' ')} in ${namespace}: ${said.trim()}`);
    return { sent, received };
  });
  // Whoever is interrupted does not ask.
  counts.catch(() => {});
  return { counts, stop: () => child.kill('SIGINT') };
}

/** A single lost echo is tried again: how many are lost is counted elsewhere. */
async function reaches({ pods }: LabState, { clock, signal }: LossOptions): Promise<boolean> {
  const look = async (): Promise<boolean> => (await measureReachability(pods, 4)).complete;
  return until(clock, 'all pods to reach all pods', look, { timeout: 5000, ...(signal && { signal }) }).catch(
    (error) => {
      if (error instanceof LabError && error.code === 'TIMEOUT') return false;
      throw error;
    },
  );
}

/** For people: pure text. */
export function renderLosses(losses: readonly BreakageLoss[]): string {
  const cell = ({ sent, lost, worst }: Loss): string =>
    lost === 0 ? `0 of ${sent}` : `${lost} of ${sent}, at most ${worst * INTERVAL} ms`;
  return table([
    ['BROKEN', 'LOST AS IT WENT', 'PODS MEANWHILE', 'LOST AS IT CAME BACK'],
    ...losses.map(({ what, going, reachable, coming }) => [
      what,
      cell(going),
      reachable ? 'all reach all' : 'some are cut off',
      cell(coming),
    ]),
  ]);
}
