import { text } from 'node:stream/consumers';
import { type Clock, systemClock } from '../base/index.ts';
import { type DatastoreConfig, openStore, type Store } from '../datastore/index.ts';

/** The world as a command sees it. Paths on the command line are relative to `cwd`. */
export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** All of standard input, read when `-f -` asks for it. */
  readonly stdin: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly cwd: string;
  readonly clock: Clock;
  /** Opens the store of a configuration. */
  readonly openStore: (config: DatastoreConfig) => Promise<Store>;
}

/** The running process. */
export function processIo(): Io {
  return {
    stdout: (chunk) => process.stdout.write(chunk),
    stderr: (chunk) => process.stderr.write(chunk),
    stdin: () => text(process.stdin),
    env: process.env,
    uid: process.getuid?.() ?? 0,
    cwd: process.cwd(),
    clock: systemClock,
    openStore,
  };
}
