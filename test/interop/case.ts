import type { Test } from 'tap';
import type { Bench } from './bench.ts';

/** One row of the table in docs/interop.md. */
export interface Case {
  readonly name: string;
  /** Is started before the others, so that nobody waits for it in the end. */
  readonly slow?: true;
  run(t: Test, bench: Bench): Promise<void>;
}
