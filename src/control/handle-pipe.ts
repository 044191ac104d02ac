import { CLOSED, failureOf, type OpenPipe } from './pipe.ts';

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

/**
 * A unix socket by Node's own handle, the one beneath `node:net`. Loading `node:net` and connecting with it takes
 * longer than all else that the CNI plugin does: some 12 ms against 1, at every pod. The binding is not a documented
 * interface: this is the only file that knows it. Undefined where this Node has no such thing, or does not let us.
 */
export function handlePipe(node: unknown = process): OpenPipe | undefined {
  try {
    const bindings = node as Bindings;
    const { Pipe, PipeConnectWrap, constants } = bindings.binding('pipe_wrap');
    const { SOCKET } = constants;
    const { WriteWrap } = bindings.binding('stream_wrap');
    return opener(() => new Pipe(SOCKET), PipeConnectWrap, WriteWrap);
  } catch {
    return undefined;
  }
}

function opener(
  makeHandle: () => Handle,
  ConnectRequest: new () => Request,
  WriteRequest: new () => Request,
): OpenPipe {
  return (path, events) => {
    const handle = makeHandle();
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
      if (status < 0) end(...failureOf(status));
      return status >= 0;
    };
    const request = (made: Request, done: () => void = () => {}): Request => {
      made.oncomplete = (status) => {
        if (open && check(status)) done();
      };
      return made;
    };
    const begin = (): void => {
      handle.onread = (data) => {
        if (!open) return;
        if (data === undefined) end(CLOSED);
        else events.received(new Uint8Array(data));
      };
      if (check(handle.readStart())) events.connected();
    };
    const status = handle.connect(request(new ConnectRequest(), begin), path);
    if (status < 0) process.nextTick(() => check(status));
    return {
      close,
      write: (text) => {
        const refused = open ? handle.writeUtf8String(request(new WriteRequest()), text) : 0;
        if (refused < 0) process.nextTick(() => check(refused));
      },
    };
  };
}
