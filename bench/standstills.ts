import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';

/** Milliseconds by which a program that goes before all others may be late before the machine is said to have stood still. */
const AT_LEAST = 60;
const PROGRAM = `let last = performance.now();
setInterval(() => {
  const now = performance.now();
  if (now - last > ${AT_LEAST}) console.log(Math.round(now - last));
  last = now;
}, 10);`;

/**
 * How often a processor of the machine stood still, whoever was to run on it: as when a hypervisor gives it to somebody else. On each a
 * program of the highest priority in use looks at the time.
 */
export class Standstills {
  readonly #programs: readonly ChildProcess[];
  readonly #lengths: number[] = [];

  constructor(told: (processor: number, milliseconds: number) => void) {
    this.#programs = Array.from({ length: availableParallelism() }, (_, processor) => {
      const command = [
        '--rr',
        '50',
        'taskset',
        '-c',
        String(processor),
        process.execPath,
        '--single-threaded',
        '-e',
        PROGRAM,
      ];
      const child = spawn('chrt', command, { stdio: ['ignore', 'pipe', 'inherit'] });
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.#lengths.push(Number(line));
        told(processor, Number(line));
      });
      return child;
    });
  }

  /** Forgets those so far. */
  restart(): void {
    this.#lengths.length = 0;
  }

  get text(): string {
    const most = this.#lengths.length === 0 ? '' : `, ${Math.max(...this.#lengths)} ms at most`;
    return `${this.#lengths.length} times for over ${AT_LEAST} ms${most}`;
  }

  end(): void {
    for (const child of this.#programs) child.kill();
  }
}
