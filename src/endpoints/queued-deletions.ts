import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../base/folder.ts';
import { type Log, reasonOf } from '../base/index.ts';
import { type CniRequest, cniRequest } from '../control/index.ts';

/**
 * Deletions that the CNI plugin left on disk because the daemon was not there. They are done once the node serves
 * pods, and again whenever a file comes; one that fails stays for the next time.
 */
export class QueuedDeletions {
  readonly #folder: string;
  readonly #del: (request: CniRequest) => Promise<unknown>;
  readonly #log: Log;
  #watcher: FSWatcher | undefined;
  #working: Promise<void> = Promise.resolve();

  constructor(folder: string, del: (request: CniRequest) => Promise<unknown>, log: Log) {
    this.#folder = folder;
    this.#del = del;
    this.#log = log;
  }

  /** Does what there is, and from now on what comes. A folder that can't be had is no reason not to run. */
  start(): void {
    try {
      makeFolder(this.#folder, 0o700);
      this.#watcher = watch(this.#folder, () => this.#work());
      this.#watcher.on('error', (error) => this.#log.warn({ err: error.message }, 'queued deletions are not watched'));
      this.#work();
    } catch (error) {
      this.#log.warn({ folder: this.#folder, err: reasonOf(error) }, 'queued deletions can’t be read');
    }
  }

  async stop(): Promise<void> {
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

  #work(): void {
    this.#working = this.#working.then(() => this.#doAll());
  }

  async #doAll(): Promise<void> {
    for (const { path, request } of await this.#read()) {
      try {
        await this.#del(request);
        await rm(path, { force: true });
        this.#log.info({ container: request.containerId }, 'a deletion that was left for us is done');
      } catch (error) {
        this.#log.warn({ container: request.containerId, err: reasonOf(error) }, 'a queued deletion has failed');
      }
    }
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
