import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../base/folder.ts';
import { type Cancel, type Clock, FileTrouble, type Log, reasonOf } from '../base/index.ts';
import { type CniRequest, cniRequest } from '../control/index.ts';

/** How long until what failed, a deletion or the look at the folder, is tried again; in milliseconds. */
const AGAIN = 10_000;

/**
 * Deletions that the CNI plugin left on disk because the daemon was not there. They are done once the node serves
 * pods, and again whenever a file comes; one that fails is tried again, as is a folder that can't be had.
 */
export class QueuedDeletions {
  readonly #folder: string;
  readonly #del: (request: CniRequest) => Promise<unknown>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #folderTrouble: FileTrouble;
  /** Files of deletions that have failed, with the reason. */
  #failing: ReadonlyMap<string, string> = new Map();
  #again: Cancel | undefined;
  #watcher: FSWatcher | undefined;
  #isStopped = false;
  #working: Promise<void> = Promise.resolve();

  constructor(
    folder: string,
    del: (request: CniRequest) => Promise<unknown>,
    { clock, log }: { clock: Clock; log: Log },
  ) {
    this.#folder = folder;
    this.#del = del;
    this.#clock = clock;
    this.#log = log;
    this.#folderTrouble = new FileTrouble(folder, 'the folder of queued deletions can’t be had', log);
  }

  /** Does what there is, and from now on what comes. A folder that can't be had is no reason not to run. */
  start(): void {
    try {
      makeFolder(this.#folder, 0o700);
      this.#watcher = watch(this.#folder, () => this.#work());
      this.#watcher.on('error', (error) => this.#lost(error));
      this.#folderTrouble.worked();
      this.#work();
    } catch (error) {
      this.#lost(error);
    }
  }

  problems(): readonly string[] {
    const [first] = this.#failing.values();
    const failing =
      first === undefined ? [] : [`deletions of pods wait: ${this.#failing.size}, and are tried again: ${first}`];
    return [...this.#folderTrouble.problems(), ...failing];
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#again?.();
    this.#watcher?.close();
    await this.#working;
  }

  /** The container comes back under the same name: what was to be deleted is replaced by what it gets now. */
  async forget({ containerId, ifName, config }: CniRequest): Promise<void> {
    for (const { path, request } of await this.#read()) {
      const same = request.containerId === containerId && request.ifName === ifName;
      if (same && request.config.name === config.name) await rm(path, { force: true });
    }
  }

  #lost(error: unknown): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#folderTrouble.failed(error);
    this.#later(() => this.start());
  }

  #later(work: () => void): void {
    if (this.#isStopped) return;
    this.#again?.();
    this.#again = this.#clock.after(AGAIN, work);
  }

  #work(): void {
    this.#working = this.#working.then(() => this.#doAll());
  }

  async #doAll(): Promise<void> {
    const failing = new Map<string, string>();
    for (const { path, request } of await this.#read()) {
      try {
        await this.#del(request);
        await rm(path, { force: true });
        this.#log.info({ container: request.containerId }, 'a deletion that was left for us is done');
      } catch (error) {
        failing.set(path, reasonOf(error));
        if (this.#failing.has(path)) continue;
        this.#log.warn({ container: request.containerId, err: reasonOf(error) }, 'a queued deletion has failed');
      }
    }
    this.#failing = failing;
    if (failing.size > 0 && this.#watcher !== undefined) this.#later(() => this.#work());
  }

  async #read(): Promise<readonly { readonly path: string; readonly request: CniRequest }[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const found: { path: string; request: CniRequest }[] = [];
    for (const name of names.filter((one) => one.endsWith('.json')).sort()) {
      const path = join(this.#folder, name);
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const request = cniRequest.safeParse(parseJson(text));
      if (request.success) found.push({ path, request: request.data });
      else this.#log.warn({ file: path }, 'this is not a deletion that the CNI plugin has left; remove it');
    }
    return found;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
