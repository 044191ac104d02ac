import type { Test } from 'tap';
import { Calculation, INPUT_KINDS } from '../../src/calc/index.ts';
import { Syncer, type Update } from '../../src/datastore/index.ts';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import type { Scene } from '../../src/policy/cases/scene.ts';
import type { World } from '../../src/policy/index.ts';
import { ApiServer, type Objects } from '../fakes/api-server/index.ts';
import { type ApiObject, apiObjects } from './api-objects.ts';

/**
 * A cluster whose API server holds what a scene has, as real objects; a store, a syncer and a calculation follow it by
 * changes, through all scenes of a test.
 */
export class InKubernetes {
  readonly calculation = new Calculation({ nodename: 'n' });
  readonly #objects: Objects;
  readonly #stored = new Map<string, ApiObject>();
  /** Versions by key, wanted and heard. */
  readonly #wanted = new Map<string, string>();
  readonly #heard = new Map<string, string>();
  #wake = (): void => {};

  static async start(t: Test): Promise<InKubernetes> {
    const server = await ApiServer.start();
    server.unknown.clear();
    const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
    const cluster = new InKubernetes(server.objects);
    const onUpdates = (batch: readonly Update[]): void => cluster.#hear(batch);
    const syncer = new Syncer({ store, kinds: INPUT_KINDS, onUpdates, onStatus: () => {} });
    syncer.start();
    t.teardown(async () => {
      await syncer.stop();
      await store.close();
      await server.stop();
    });
    return cluster;
  }

  private constructor(objects: Objects) {
    this.#objects = objects;
  }

  /** The world as it is calculated once all that the scene has has come through. */
  async world(scene: Scene): Promise<World> {
    this.#store(apiObjects(scene));
    while (!this.#isCaughtUp()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.calculation.world();
  }

  #store(objects: readonly ApiObject[]): void {
    const byPlace = new Map(objects.map((object) => [placeOf(object), object]));
    for (const [at, { place, name, key }] of this.#stored) {
      if (byPlace.has(at)) continue;
      this.#objects.delete(place, name, {});
      this.#stored.delete(at);
      if (key !== undefined) this.#wanted.delete(key);
    }
    for (const [at, object] of byPlace) {
      const { place, name, body, key } = object;
      const was = this.#stored.get(at);
      if (was !== undefined && JSON.stringify(was.body) === JSON.stringify(body)) continue;
      const copy = JSON.parse(JSON.stringify(body)) as Record<string, object>;
      const metadata = (version: string): object => ({ ...copy['metadata'], resourceVersion: version });
      const { resourceVersion } =
        was === undefined
          ? this.#objects.create(place, copy).metadata
          : this.#objects.replace(place, name, {
              ...copy,
              metadata: metadata(this.#objects.get(place, name).metadata.resourceVersion),
            }).metadata;
      this.#stored.set(at, object);
      if (key !== undefined) this.#wanted.set(key, resourceVersion);
    }
  }

  #hear(batch: readonly Update[]): void {
    for (const { key, resource } of batch) {
      const text = `${key.kind} ${key.namespace === undefined ? '' : `${key.namespace}/`}${key.name}`;
      const version = resource?.metadata.resourceVersion;
      // What is always there has no version.
      if (version === undefined) this.#heard.delete(text);
      else this.#heard.set(text, version);
    }
    this.calculation.apply(batch);
    this.#wake();
  }

  #isCaughtUp(): boolean {
    if (this.#heard.size !== this.#wanted.size) return false;
    return [...this.#wanted].every(([key, version]) => this.#heard.get(key) === version);
  }
}

function placeOf({ place, name }: ApiObject): string {
  return `${place.resource}/${place.namespace ?? ''}/${name}`;
}
