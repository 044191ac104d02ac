import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

/** A disk of its own, in a mount namespace of its own, that can be filled. It goes with the test. */
export interface SmallDisk {
  /** Where it is found from here. */
  readonly path: string;
  /** Leaves no octet of room. */
  fill(): void;
  free(): void;
}

export async function smallDisk(t: Test, size: string): Promise<SmallDisk> {
  const place = mkdtempSync(join(tmpdir(), 'vrt-disk-'));
  const script = `mount -t tmpfs -o size=${size} small ${place} && echo there && exec sleep infinity`;
  const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'close');
  t.teardown(async () => {
    holder.kill('SIGKILL');
    await ended;
    rmdirSync(place);
  });
  await once(holder.stdout, 'data');
  const path = `/proc/${holder.pid}/root${place}`;
  const filler = join(path, 'filler');
  const fill = (): void => {
    const file = openSync(filler, 'a');
    const page = Buffer.alloc(4096);
    try {
      for (;;) writeSync(file, page);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  };
  return { path, fill, free: () => rmSync(filler, { force: true }) };
}
