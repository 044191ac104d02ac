import { type Clock, type Log, silentLog, systemClock } from '../base/index.ts';
import type { DatastoreConfig, KubernetesConfig } from './config.ts';
import { MemoryStore } from './memory/index.ts';
import { SqliteStore } from './sqlite/index.ts';
import type { Store } from './store.ts';
import { refuseUnusable } from './usable.ts';

/**
 * Opens the engine that `config` names. The distributed engines connect at their first use. `interfacePrefix`: how names of
 * pods' interfaces begin, which Kubernetes does not keep.
 */
export async function openStore(
  config: DatastoreConfig,
  context: { readonly clock?: Clock; readonly log?: Log; readonly interfacePrefix?: string } = {},
): Promise<Store> {
  const { clock = systemClock, log = silentLog, interfacePrefix } = context;
  log.debug({ type: config.type }, 'opening the datastore');
  switch (config.type) {
    case 'memory':
      return new MemoryStore({ clock });
    case 'sqlite':
      return SqliteStore.open({ path: config.path, clock });
    case 'etcdv3': {
      await refuseUnusable(config);
      // The distributed engines are loaded only by those who use them.
      const { EtcdStore } = await import('./etcd/index.ts');
      return new EtcdStore(config, clock);
    }
    case 'kubernetes': {
      const { KubernetesStore } = await import('./kubernetes/index.ts');
      return new KubernetesStore(config, clock, interfacePrefix);
    }
  }
}

/** The API of a cluster itself, for what is no resource of ours: pods that are made, what their containers say. */
export interface KubernetesApi {
  call<Answer>(request: {
    readonly method: 'GET' | 'POST' | 'DELETE';
    readonly path: string;
    readonly query?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  }): Promise<Answer>;
  text(path: string, query?: Readonly<Record<string, string>>): Promise<string>;
  close(): void;
}

export async function openKubernetesApi(config: KubernetesConfig, clock: Clock = systemClock): Promise<KubernetesApi> {
  const { Access, KubernetesClient } = await import('./kubernetes/index.ts');
  return new KubernetesClient(new Access(config), clock);
}
