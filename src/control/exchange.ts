import { DaemonUnreachable } from './errors.ts';
import { handlePipe } from './handle-pipe.ts';
import { netPipe } from './net-pipe.ts';
import { MAX_MESSAGE } from './places.ts';

export { DEFAULT_SOCKET, deletionsFolder, MAX_MESSAGE } from './places.ts';
export { DaemonUnreachable };

const NEWLINE = 10;

/**
 * Sends one line to the daemon and reads one back. A door of its own, for the CNI plugin: a process that lives for
 * forty milliseconds can't afford to load the schemas that the other clients check answers with.
 */
export function exchange(socket: string, question: object, openPipe = handlePipe() ?? netPipe): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const refuse = (reason: string, absent?: boolean): void => {
      pipe.close();
      reject(new DaemonUnreachable(socket, reason, absent));
    };
    const pipe = openPipe(socket, {
      connected: () => pipe.write(`${JSON.stringify(question)}\n`),
      received: (bytes) => {
        chunks.push(bytes);
        length += bytes.length;
        if (length > MAX_MESSAGE) return refuse('its answer is too long');
        if (!bytes.includes(NEWLINE)) return;
        pipe.close();
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')));
        } catch {
          refuse('its answer is not one of the control protocol');
        }
      },
      ended: refuse,
    });
  });
}
