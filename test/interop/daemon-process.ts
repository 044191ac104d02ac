import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { inNamespace } from './network.ts';
import type { Place } from './peer.ts';
import { until } from './until.ts';

const execute = promisify(execFile);

/** A program that runs in the peers' namespace; what it says is kept in `<directory>/<name>.log`. */
export class DaemonProcess {
  readonly #place: Place;
  readonly #name: string;
  #child: ChildProcess | undefined;

  constructor(place: Place, name: string) {
    this.#place = place;
    this.#name = name;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get log(): string {
    return readFileSync(this.#file, 'utf8');
  }

  start(command: readonly string[], environment: Readonly<Record<string, string>> = {}): void {
    const log = openSync(this.#file, 'a');
    const [program, ...args] = inNamespace(this.#place.namespace, command);
    this.#child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['ignore', log, log] });
    closeSync(log);
  }

  /** Waits until it can be talked to. */
  answers(condition: () => Promise<boolean>): Promise<void> {
    const alive = async (): Promise<boolean> => {
      if (!this.running) throw new Error(`${this.#name} has ended: ${this.log}`);
      return condition();
    };
    return until(`${this.#name} to answer`, alive, { explain: () => this.log });
  }

  /** Ends it and waits until it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child || !this.running) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  get #file(): string {
    return `${this.#place.directory}/${this.#name}.log`;
  }
}

/** Runs a command in the peers' namespace and gives what it prints. */
export async function run(place: Place, command: readonly string[]): Promise<string> {
  const [program, ...args] = inNamespace(place.namespace, command);
  const { stdout } = await execute(program, args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** Like `run`, but what fails is an empty answer: for questions to a daemon that may be away. */
export async function ask(place: Place, command: readonly string[]): Promise<string> {
  return run(place, command).catch(() => '');
}
