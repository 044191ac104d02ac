import { CLOSED, failureOf, type OpenPipe } from './pipe.ts';

/** A unix socket by `node:net`, which is loaded when the first is opened. */
export const netPipe: OpenPipe = (path, events) => {
  const socket = process.getBuiltinModule('node:net').createConnection(path);
  let open = true;
  const close = (): void => {
    open = false;
    socket.destroy();
  };
  const end = (reason: string, absent?: boolean): void => {
    if (!open) return;
    close();
    events.ended(reason, absent);
  };
  socket.on('connect', () => open && events.connected());
  socket.on('data', (bytes) => open && events.received(bytes));
  socket.on('end', () => end(CLOSED));
  socket.on('error', ({ errno, message }: NodeJS.ErrnoException) =>
    errno === undefined ? end(message) : end(...failureOf(errno)),
  );
  return { close, write: (text) => void (open && socket.write(text)) };
};
