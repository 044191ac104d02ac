import { createConnection } from 'node:net';
import { VRouterError } from '../base/index.ts';

/** Another daemon serves this socket: it must not be cut off from those who ask it. */
export class SocketInUse extends VRouterError {
  constructor(path: string) {
    const advice = 'stop it first (`vrouter status` tells its process), or give this one a VROUTER_SOCKET of its own';
    super('SOCKET_IN_USE', `another vrouter daemon answers on ${path}: ${advice}`);
  }
}

/** The errors of connect(2) for a path where nobody listens: none there, one left behind, or no socket at all. */
const NOBODY: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'EPROTOTYPE']);

/** Whether somebody listens at the path. Who is too busy to take the connection is there all the same. */
export function isOccupied(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const settle = (occupied: boolean): void => {
      socket.destroy();
      resolve(occupied);
    };
    socket.on('connect', () => settle(true));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => settle(!NOBODY.has(code)));
  });
}
