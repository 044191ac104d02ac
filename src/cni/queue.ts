import { deletionsFolder } from '../control/exchange.ts';
import { makeFolder, pid, remove, rename, writeFile } from './host.ts';
import type { CniInput } from './input.ts';

/**
 * Leaves a deletion for the daemon to do when it is back, so that the runtime may forget the container now. A file for
 * each interface, written whole or not at all; the same deletion again is the same file.
 */
export function queueDeletion(socket: string, { request }: CniInput): void {
  const folder = deletionsFolder(socket);
  makeFolder(folder, 0o700);
  // None of the three can have a colon in it.
  const path = `${folder}/${request.config.name}:${request.containerId}:${request.ifName}.json`;
  const part = `${path}.${pid()}.tmp`;
  try {
    writeFile(part, JSON.stringify(request), 0o600);
    rename(part, path);
  } catch (error) {
    // A disk that is full stays no fuller.
    remove(part);
    throw error;
  }
}
