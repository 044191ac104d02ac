import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { deletionsFolder } from '../control/exchange.ts';
import type { CniInput } from './input.ts';

/**
 * Leaves a deletion for the daemon to do when it is back, so that the runtime may forget the container now. A file for
 * each interface, written whole or not at all; the same deletion again is the same file.
 */
export function queueDeletion(socket: string, { request }: CniInput): void {
  const folder = deletionsFolder(socket);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // None of the three can have a colon in it.
  const path = join(folder, `${request.config.name}:${request.containerId}:${request.ifName}.json`);
  const file = openSync(`${path}.${process.pid}.tmp`, 'w', 0o600);
  writeSync(file, JSON.stringify(request));
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.${process.pid}.tmp`, path);
}
