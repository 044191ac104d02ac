import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Octets that are in use after everything that can go has gone. */
export function heapInUse(): number {
  for (let round = 0; round < 3; round++) gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Octets that a million steps leave behind, after some that warm up. Each is given its number. */
export function leftByMillion(step: (number: number) => void): number {
  const WARM = 10_000;
  for (let number = 0; number < WARM; number++) step(number);
  const before = heapInUse();
  for (let number = WARM; number < WARM + 1_000_000; number++) step(number);
  return heapInUse() - before;
}
