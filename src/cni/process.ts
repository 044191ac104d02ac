import { fstatSync, readSync, writeFileSync } from 'node:fs';
import { runCni } from './plugin.ts';

/**
 * The plugin as the running process: its environment, all of its stdin, its stdout. By plain reads and writes, as long
 * as they are answered: Node's streams cost milliseconds to load.
 */
export async function runCniProcess(): Promise<number> {
  return runCni({
    env: process.env,
    stdin: fstatSync(0).isCharacterDevice() ? '' : await readStdin(),
    stdout: (text) => writeFileSync(1, text),
  });
}

/** A runtime may hand us a pipe that does not block, and its bytes may not be there yet (EAGAIN): then a stream waits. */
async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  const buffer = Buffer.alloc(65_536);
  try {
    for (let length = readSync(0, buffer); length > 0; length = readSync(0, buffer)) {
      chunks.push(Buffer.from(buffer.subarray(0, length)));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    for await (const chunk of process.stdin) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
