import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { sleep, systemClock } from '../../src/base/index.ts';
import type { Lab } from '../../src/lab/index.ts';

/*
 * Time here is the guest's: it stands still while anything computes, and jumps when all wait. So what is measured is
 * what the daemons' timers say, to the millisecond, however slow the machine is.
 */

/** A line that a program said, and when: seconds. */
export interface Said {
  readonly at: number;
  readonly line: string;
}

export function seconds(): number {
  return systemClock.now() / 1000;
}

export function pass(time: number): Promise<void> {
  return sleep(systemClock, time * 1000);
}

/** Looks once a second until it is so; resolves to the seconds that took. */
export async function secondsUntil(what: string, look: () => Promise<boolean>, limit = 600): Promise<number> {
  const start = seconds();
  while (!(await look())) {
    if (seconds() - start > limit) throw new Error(`waited ${limit} s for ${what} in vain`);
    await pass(1);
  }
  return seconds() - start;
}

/** Runs a program on a node until the test's end, and gathers what it says. Resolves once it has begun. */
export async function watch(t: Test, lab: Lab, node: string, command: readonly string[]): Promise<readonly Said[]> {
  const said: Said[] = [];
  const { namespace } = lab.node(node);
  const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, '--', ...command], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const end = once(child, 'close');
  createInterface(child.stdout).on('line', (line) => said.push({ at: seconds(), line }));
  t.teardown(async () => {
    child.kill();
    await end;
  });
  await pass(1);
  return said;
}

/** Waits until a watched program says so, which costs less than to look again and again; resolves to what it said. */
export async function untilSaid(said: readonly Said[], what: string): Promise<Said> {
  let found: Said | undefined;
  await secondsUntil(what, async () => {
    found = said.find(({ line }) => line.startsWith(what));
    return found !== undefined;
  });
  return found!;
}

/** Whether the node has a session with the other. */
export async function isUp(lab: Lab, node: string, other: string): Promise<boolean> {
  const address = lab.node(other).address.split('/')[0];
  const peers = (await lab.status(node)).bgp?.peers ?? [];
  return peers.some((peer) => peer.address === address && peer.info.startsWith('Established'));
}
