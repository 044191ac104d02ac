import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A program of the cluster that runs until it is ended, with its words in a file. */
export class Component {
  readonly name: string;
  readonly #command: readonly string[];
  readonly #log: string;
  #process: ChildProcess | undefined;

  constructor(name: string, directory: string, command: readonly string[]) {
    this.name = name;
    this.#command = command;
    this.#log = join(directory, `${name}.log`);
  }

  start(): void {
    const log = openSync(this.#log, 'a');
    const [command, ...args] = this.#command;
    this.#process = spawn(command, args, { stdio: ['ignore', log, log] });
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }

  get log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  /** Throws, with its last words, when it has ended by itself. */
  check(): void {
    const child = this.#process;
    if (child === undefined || (child.exitCode === null && child.signalCode === null)) return;
    throw new Error(`${this.name} ended: ${this.log.slice(-3000)}`);
  }
}
