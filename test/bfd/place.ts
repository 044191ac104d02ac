import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { BfdAccount, BfdNeighbour, BfdTimers } from '../../src/bfd/index.ts';

export const BIRD = '/usr/sbin/bird';
export const TIMERS: BfdTimers = { sendInterval: 50, receiveInterval: 50, idleInterval: 1000, multiplier: 3 };

let places = 0;

/**
 * Two network namespaces with a cable: we are in one, a router of another make in the other. Session `at` (from 1 on) is between
 * 10.99.1.`at` of ours and 10.99.2.`at` of the router's.
 */
export class Place {
  readonly directory = mkdtempSync(join(tmpdir(), 'vrt-bfd-'));
  readonly #here: string;
  readonly #there: string;
  readonly #processes: ChildProcess[] = [];

  constructor(sessions: number) {
    const name = `vrt-${process.pid}-bfd${places++}`;
    [this.#here, this.#there] = [`${name}h`, `${name}t`];
    const addresses = (subnet: number): string =>
      Array.from({ length: sessions }, (_, at) => `address add 10.99.${subnet}.${at + 1}/16 dev eth0\n`).join('');
    for (const namespace of [this.#here, this.#there]) ip('netns', 'add', namespace);
    ip('link', 'add', 'eth0', 'netns', this.#here, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.#there);
    for (const [namespace, subnet] of [
      [this.#here, 1],
      [this.#there, 2],
    ] as const) {
      execFileSync('ip', ['-n', namespace, '-batch', '-'], {
        input: `link set lo up\n${addresses(subnet)}link set eth0 up\n`,
      });
    }
  }

  /** Nothing goes over the cable any more, or does again. */
  cut(isCut = true): void {
    const text = 'table inet cut { chain in { type filter hook input priority -300; policy drop; }; }';
    for (const namespace of [this.#here, this.#there])
      execFileSync('ip', ['netns', 'exec', namespace, 'nft', isCut ? text : 'delete table inet cut']);
  }

  neighbour(at: number, other: Partial<BfdNeighbour> = {}): BfdNeighbour & { readonly localAddress: string } {
    const address = `10.99.2.${at}`;
    return { name: address, address, multihop: false, timers: TIMERS, ...other, localAddress: `10.99.1.${at}` };
  }

  /** Runs a program in the router's namespace. */
  router(command: readonly string[]): ChildProcess {
    return this.#start(this.#there, command);
  }

  ask(command: readonly string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.#there, ...command], { encoding: 'utf8' });
  }

  /** BIRD with these sessions, each 3 × 50 ms. */
  bird(sessions: number): (command: string) => string {
    const [config, control] = [join(this.directory, 'bird.conf'), join(this.directory, 'bird.ctl')];
    const lines = Array.from(
      { length: sessions },
      (_, at) => `neighbor 10.99.1.${at + 1} dev "eth0" local 10.99.2.${at + 1};`,
    );
    const interval = 'interface "*" { interval 50 ms; idle tx interval 1 s; multiplier 3; };';
    writeFileSync(
      config,
      `router id 10.99.2.1;\nlog "${this.directory}/bird.log" all;\nprotocol device {}\n` +
        `protocol bfd { debug { events };\n${interval}\n${lines.join('\n')} }\n`,
    );
    // On a machine that is busy with other things it is to be as punctual as we are.
    this.router(['chrt', '--rr', '1', BIRD, '-f', '-c', config, '-s', control]);
    return (command) => this.ask(['birdc', '-s', control, ...command.split(' ')]);
  }

  /** How often a session of BIRD's went down. */
  get birdDowns(): number {
    return [...readFileSync(join(this.directory, 'bird.log'), 'utf8').matchAll(/ changed state from Up to /g)].length;
  }

  /** Us, as a process of our own: what changes is told to `told`. `busy`: as `watcher.ts` has it; `cpu`: the only one it has. */
  watch(
    neighbours: readonly BfdNeighbour[],
    told: (account: BfdAccount) => void,
    { busy = 0, cpu }: { readonly busy?: number; readonly cpu?: number } = {},
  ): ChildProcess {
    const pinned = cpu === undefined ? [] : ['taskset', '-c', String(cpu)];
    return this.#watch(this.#here, pinned, neighbours, told, busy);
  }

  /** Us as the router, of these sessions. */
  watchBack(sessions: readonly number[], told: (account: BfdAccount) => void): ChildProcess {
    const neighbours = sessions.map((at) => {
      const { address, localAddress, ...other } = this.neighbour(at);
      return { ...other, address: localAddress, localAddress: address };
    });
    return this.#watch(this.#there, [], neighbours, told, 0);
  }

  async end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async remove(): Promise<void> {
    for (const child of this.#processes.reverse()) await this.end(child, 'SIGKILL');
    for (const namespace of [this.#here, this.#there]) ip('netns', 'delete', namespace);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #watch(
    namespace: string,
    before: readonly string[],
    neighbours: readonly BfdNeighbour[],
    told: (account: BfdAccount) => void,
    busy: number,
  ): ChildProcess {
    const watcher = new URL('./watcher.ts', import.meta.url).pathname;
    const child = this.#start(namespace, [
      ...before,
      ...[process.execPath, watcher, JSON.stringify(neighbours), String(busy)],
    ]);
    createInterface({ input: child.stdout! }).on('line', (line) => told(JSON.parse(line)));
    return child;
  }

  #start(namespace: string, command: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#processes.push(child);
    return child;
  }
}

function ip(...words: readonly string[]): void {
  execFileSync('ip', words);
}
