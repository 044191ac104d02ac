import type { NetlinkClient } from './client.ts';
import { isKernelError, missingModule } from './errors.ts';
import type { IngressFilter, Qdisc, QdiscSpec, RedirectSpec } from './traffic-control.ts';
import {
  decodeFilter,
  decodeQdisc,
  encodeFilterDump,
  encodeQdiscDelete,
  encodeQdiscDump,
  encodeQdiscReplace,
  encodeRedirectAdd,
} from './wire/traffic-control.ts';

/** Names of devices by index, and the other way. */
export interface Devices {
  names(): Promise<ReadonlyMap<number, string>>;
  index(name: string): Promise<number>;
}

/** tc(8)'s verbs, over the socket that it is given. */
export class TrafficControlClient {
  readonly #client: NetlinkClient;
  readonly #devices: Devices;

  constructor(client: NetlinkClient, devices: Devices) {
    this.#client = client;
    this.#devices = devices;
  }

  async qdiscList(): Promise<readonly Qdisc[]> {
    const names = await this.#devices.names();
    const found = await this.#client.dump(encodeQdiscDump(), 'qdisc list', decodeQdisc);
    return found.map(({ index, ...qdisc }) => ({ dev: names.get(index) ?? `if${index}`, ...qdisc }));
  }

  async qdiscReplace(spec: QdiscSpec): Promise<void> {
    const what = `qdisc replace dev ${spec.dev} ${spec.kind}`;
    const message = encodeQdiscReplace(spec, await this.#devices.index(spec.dev));
    await this.#add(message, what, `${spec.kind} queueing`, `sch_${spec.kind}`);
  }

  async qdiscDelete(dev: string, parent: 'root' | 'ingress'): Promise<void> {
    const what = `qdisc delete dev ${dev} ${parent}`;
    await this.#client.request(encodeQdiscDelete(parent, await this.#devices.index(dev)), what);
  }

  async filterList(dev: string): Promise<readonly IngressFilter[]> {
    const message = encodeFilterDump(await this.#devices.index(dev));
    const found = await this.#client.dump(message, `filter list dev ${dev}`, decodeFilter);
    return found.map(({ index: _, ...filter }) => ({ dev, ...filter }));
  }

  async redirectAdd(spec: RedirectSpec): Promise<void> {
    const [index, to] = [await this.#devices.index(spec.dev), await this.#devices.index(spec.to)];
    const what = `filter add dev ${spec.dev} redirect ${spec.to}`;
    await this.#add(encodeRedirectAdd(spec, index, to), what, 'u32 filters that redirect', 'cls_u32 act_mirred');
  }

  /** To a kernel a kind that it has no module for is an entry that is not there. */
  async #add(message: Uint8Array, what: string, thing: string, modules: string): Promise<void> {
    try {
      await this.#client.request(message, what);
    } catch (error) {
      if (isKernelError(error, 'ENOENT')) throw missingModule(what, thing, modules, error);
      throw error;
    }
  }
}
