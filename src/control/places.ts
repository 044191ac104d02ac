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
