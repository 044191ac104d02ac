import { execFile, spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { type Clock, systemClock } from '../base/index.ts';
import { type DatastoreConfig, openStore, type Store } from '../datastore/index.ts';
import { unicodeText } from './manifest/unicode.ts';

/** The world as a command sees it. Paths on the command line are relative to `cwd`. */
export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** All of standard input, read when `-f -` asks for it. */
  readonly stdin: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly cwd: string;
  /** Resolves when somebody ends the program: with Ctrl-C, or as systemd does. */
  readonly interrupted: () => Promise<void>;
  readonly clock: Clock;
  /** Opens the store of a configuration. */
  readonly openStore: (config: DatastoreConfig) => Promise<Store>;
  /** Runs a program to its end, a minute at most. */
  readonly exec: (command: string, args: readonly string[]) => Promise<Executed>;
  /** Runs a program on the terminal itself, as long as it wants; answers with its exit code. */
  readonly attach: (command: string, args: readonly string[]) => Promise<number>;
  /** The terminal at both ends; absent where one of them is a file or a pipe. */
  readonly terminal?: readonly [NodeJS.ReadStream, NodeJS.WriteStream] | undefined;
}

interface Executed {
  /** Exit code; 127 when there is no such program. */
  readonly code: number;
  /** All that it printed, on either stream. */
  readonly output: string;
}

/** Bytes that a program may print, and the time that it may take, in milliseconds. */
const MAX_OUTPUT = 64 * 1024 * 1024;
const PATIENCE = 60_000;

/** Whoever reads us may stop reading, as head(1) does: that is no failure. */
function readerLeft(): void {}

/** The running process. */
export function processIo(): Io {
  if (!process.stdout.listeners('error').includes(readerLeft)) process.stdout.on('error', readerLeft);
  return {
    stdout: (chunk) => process.stdout.write(chunk),
    stderr: (chunk) => process.stderr.write(chunk),
    stdin: async () => unicodeText('standard input', await buffer(process.stdin)),
    env: process.env,
    uid: process.getuid?.() ?? 0,
    cwd: process.cwd(),
    interrupted: () =>
      new Promise((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
      }),
    clock: systemClock,
    openStore,
    exec,
    attach,
    ...(process.stdin.isTTY && process.stdout.isTTY && { terminal: [process.stdin, process.stdout] as const }),
  };
}

function exec(command: string, args: readonly string[]): Promise<Executed> {
  return new Promise((resolve) => {
    execFile(command, args, { maxBuffer: MAX_OUTPUT, timeout: PATIENCE }, (error, stdout, stderr) => {
      const output = stdout + stderr;
      if (error === null) resolve({ code: 0, output });
      else if (error.code === 'ENOENT') resolve({ code: 127, output: `${command}: not found\n` });
      else resolve({ code: typeof error.code === 'number' ? error.code : 1, output: output || `${error.message}\n` });
    });
  });
}

function attach(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit' });
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
}
