import type { Test } from 'tap';
import type { Bench } from './bench.ts';

/** One row of the table in docs/interop.md. */
export interface Case {
  readonly name: string;
  run(t: Test, bench: Bench): Promise<void>;
}
