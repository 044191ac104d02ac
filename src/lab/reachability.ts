import { ping } from './network.ts';
import type { PodState } from './state.ts';

/**
 * The reachability of all from all in one family: `rtts[from][to]` in milliseconds, undefined where no echo came back,
 * NaN for itself.
 */
export interface Reachability {
  readonly family: 4 | 6;
  readonly pods: readonly PodState[];
  readonly rtts: readonly (readonly (number | undefined)[])[];
  readonly complete: boolean;
}

const AT_ONCE = 16;

/** One echo request from every pod to every other. */
export async function measureReachability(pods: readonly PodState[], family: 4 | 6): Promise<Reachability> {
  const rtts: (number | undefined)[][] = pods.map(() => pods.map(() => Number.NaN));
  const waiting = pods.flatMap((_, from) => pods.map((_, to) => ({ from, to }))).filter(({ from, to }) => from !== to);
  const work = async (): Promise<void> => {
    for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
      const target = family === 4 ? pods[pair.to].address : pods[pair.to].address6;
      rtts[pair.from][pair.to] = target === undefined ? undefined : await ping(pods[pair.from].namespace, target);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { family, pods, rtts, complete: rtts.every((row) => row.every((rtt) => rtt !== undefined)) };
}
