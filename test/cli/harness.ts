import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { type Io, runCalicoctl } from '../../src/cli/index.ts';
import { MemoryDatabase, MemoryStore, type Store } from '../../src/datastore/index.ts';
import { validate } from '../../src/model/index.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One cluster in memory and a shell at it. */
export class Cluster {
  readonly clock: VirtualClock;
  readonly database = new MemoryDatabase();
  readonly store: Store;
  readonly io: Partial<Io>;

  constructor(io: Partial<Io> = {}, wallTime?: number) {
    this.io = io;
    this.clock = new VirtualClock(wallTime);
    this.store = new MemoryStore({ database: this.database, clock: this.clock });
  }

  /** Puts an object into the store as it is, past calicoctl. */
  async put(raw: unknown): Promise<void> {
    await this.store.create(validate(raw));
  }

  /** Runs `calicoctl` with these words; `stdin` is what `-f -` reads. Time passes as fast as it is waited for. */
  async run(line: string | readonly string[], stdin = ''): Promise<Ran> {
    const argv = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line;
    const out: string[] = [];
    const err: string[] = [];
    let running = true;
    const ran = runCalicoctl(argv, {
      stdout: (text) => out.push(text),
      stderr: (text) => err.push(text),
      stdin: async () => stdin,
      env: { DATASTORE_TYPE: 'memory' },
      uid: 0,
      cwd: '/',
      clock: this.clock,
      openStore: async () => new MemoryStore({ database: this.database, clock: this.clock }),
      ...this.io,
    }).finally(() => {
      running = false;
    });
    for (let turns = 1; running; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (turns % 50 === 0) this.clock.advance(500);
    }
    return { code: await ran, stdout: out.join(''), stderr: err.join('') };
  }
}

/** A directory of this test alone, with these files in it. */
export async function directory(t: Test, files: Readonly<Record<string, string>>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), `vrt-cli-${process.pid}-`));
  t.teardown(() => rm(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

export function pool(name: string, cidr: string, spec: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'projectcalico.org/v3',
    kind: 'IPPool',
    metadata: { name, ...metadata },
    spec: { cidr, ...spec },
  };
}

export function node(name: string, spec: object = {}): object {
  return { apiVersion: 'projectcalico.org/v3', kind: 'Node', metadata: { name }, spec };
}
