import { createConnection } from 'node:net';
import { reasonOf } from '../base/index.ts';
import { DaemonUnreachable } from './errors.ts';

export { DaemonUnreachable };

/** Where the daemon listens, unless `VROUTER_SOCKET` says otherwise. Mode 0600: root only. */
export const DEFAULT_SOCKET = '/var/run/calico/vrouter.sock';

/**
 * Where the CNI plugin leaves deletions that the daemon was not there to do: on disk that outlives a reboot, or beside
 * a socket that is not the default one.
 */
export function deletionsFolder(socket: string): string {
  return socket === DEFAULT_SOCKET ? '/var/lib/calico/vrouter-deletions' : `${socket}.deletions`;
}

/** Bytes of one request or answer; more is refused, so that nobody can make the other side buffer without end. */
export const MAX_MESSAGE = 16 * 1024 * 1024;

/**
 * Sends one line to the daemon and reads one back. A door of its own, for the CNI plugin: a process that lives for
 * forty milliseconds can't afford to load the schemas that the other clients check answers with.
 */
export function exchange(socket: string, question: object, signal?: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const connection = createConnection({ path: socket, ...(signal && { signal }) });
    const chunks: Buffer[] = [];
    let length = 0;
    const refuse = (reason: string): void => {
      connection.destroy();
      reject(new DaemonUnreachable(socket, reason));
    };
    connection.on('connect', () => connection.write(`${JSON.stringify(question)}\n`));
    connection.on('data', (chunk) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_MESSAGE) return refuse('its answer is too long');
      if (!chunk.includes(10)) return;
      connection.destroy();
      try {
        resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      } catch {
        refuse('its answer is not one of the control protocol');
      }
    });
    connection.on('end', () => refuse('it closed the connection without an answer'));
    connection.on('error', (error) => refuse(reasonOf(error)));
  });
}
