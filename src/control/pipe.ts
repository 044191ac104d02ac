import { getSystemErrorMessage, getSystemErrorName } from 'node:util';

/**
 * A unix socket by Node's own handle, the one beneath `node:net`. Loading `node:net` and connecting with it takes
 * longer than all else that the CNI plugin does: some 12 ms against 1, at every pod. The binding is not a documented
 * interface; this is the only file that knows it, and vRouter comes with its own Node.
 */
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

interface Request {
  oncomplete: (status: number) => void;
}

interface Handle {
  onread: (data: ArrayBuffer | undefined) => void;
  connect(request: Request, path: string): number;
  readStart(): number;
  writeUtf8String(request: Request, text: string): number;
  close(): void;
}

interface Bindings {
  binding(name: 'pipe_wrap'): {
    readonly Pipe: new (type: number) => Handle;
    readonly PipeConnectWrap: new () => Request;
    readonly constants: { readonly SOCKET: number };
  };
  binding(name: 'stream_wrap'): { readonly WriteWrap: new () => Request };
}

/** What `connect` says when nobody listens. */
const NOBODY: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED']);

/** Connects to the socket at `path`. Events come on later turns of the event loop, never after `close`. */
export function openPipe(path: string, events: PipeEvents): Pipe {
  const node = process as unknown as Bindings;
  const { Pipe, PipeConnectWrap, constants } = node.binding('pipe_wrap');
  const { WriteWrap } = node.binding('stream_wrap');
  const handle = new Pipe(constants.SOCKET);
  let open = true;
  const close = (): void => {
    if (open) handle.close();
    open = false;
  };
  const end = (reason: string, absent?: boolean): void => {
    if (!open) return;
    close();
    events.ended(reason, absent);
  };
  /** Zero is success, less an errno. */
  const check = (status: number): boolean => {
    if (status < 0) end(getSystemErrorMessage(status), NOBODY.has(getSystemErrorName(status)));
    return status >= 0;
  };
  const request = <T extends Request>(made: T, done: () => void = () => {}): T => {
    made.oncomplete = (status) => {
      if (open && check(status)) done();
    };
    return made;
  };
  const begin = (): void => {
    handle.onread = (data) => {
      if (!open) return;
      if (data === undefined) end('it closed the connection without an answer');
      else events.received(new Uint8Array(data));
    };
    if (check(handle.readStart())) events.connected();
  };
  const status = handle.connect(request(new PipeConnectWrap(), begin), path);
  if (status < 0) process.nextTick(() => check(status));
  return {
    close,
    write: (text) => {
      const refused = open ? handle.writeUtf8String(request(new WriteWrap()), text) : 0;
      if (refused < 0) process.nextTick(() => check(refused));
    },
  };
}
