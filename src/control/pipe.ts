import { getSystemErrorMessage, getSystemErrorName } from 'node:util';

/** The events of a connection to a unix socket. */
export interface PipeEvents {
  connected(): void;
  received(bytes: Uint8Array): void;
  /** The other side went away, or is `absent`: nobody listens at the path. Nothing comes after it. */
  ended(reason: string, absent?: boolean): void;
}

export interface Pipe {
  write(text: string): void;
  close(): void;
}

/** Connects to the socket at `path`. Events come on later turns of the event loop, never after `close`. */
export type OpenPipe = (path: string, events: PipeEvents) => Pipe;

/** How it ends when the other side has nothing more to say. */
export const CLOSED = 'it closed the connection without an answer';

/** The errors of `connect` when nobody listens. */
const NOBODY: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED']);

/** A system call's error as `ended` takes it; `errno` is negative, as libuv has it. */
export function failureOf(errno: number): [reason: string, absent: boolean] {
  return [getSystemErrorMessage(errno), NOBODY.has(getSystemErrorName(errno))];
}
