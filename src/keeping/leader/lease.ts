import { type Cancel, type Clock, type Log, reasonOf } from '../../base/index.ts';
import { AlreadyExists, NotFound, type Store, UpdateConflict } from '../../datastore/index.ts';
import { type KubeControllersConfiguration, newResource } from '../../model/index.ts';

/** The annotation that says who leads. */
export const LEASE_ANNOTATION = 'vrouter.projectcalico.org/leader';

/** A contender that has seen no renewal for this long takes over, in milliseconds. */
const DURATION = 30_000;
/** The leader renews so often. */
const RENEWAL = 10_000;
/** Those who don't lead look so often: they may be thousands, and nothing is urgent. */
const INTEREST = 60_000;
/** A leader that could not renew for this long doesn't lead any more: well before anybody may take over. */
const DEADLINE = 20_000;

/** The object as kube-controllers would make it: it shall find its own settings, should it come. */
const DEFAULT_CONTROLLERS: KubeControllersConfiguration['spec'] = {
  logSeverityScreen: 'Info',
  healthChecks: 'Enabled',
  etcdV3CompactionPeriod: '10m0s',
  prometheusMetricsPort: 9094,
  controllers: {
    node: {
      reconcilerPeriod: '5m0s',
      syncLabels: 'Enabled',
      leakGracePeriod: '15m0s',
      hostEndpoint: { autoCreate: 'Disabled', createDefaultHostEndpoint: 'Enabled' },
    },
    policy: { reconcilerPeriod: '5m0s' },
    workloadEndpoint: { reconcilerPeriod: '5m0s' },
    serviceAccount: { reconcilerPeriod: '5m0s' },
    namespace: { reconcilerPeriod: '5m0s' },
    loadBalancer: { assignIPs: 'AllServices' },
  },
};

export interface LeaseOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Our name: unique among all processes, former ones too. */
  readonly holder: string;
  /** Called when it begins and when it ends. */
  readonly onChange: (leads: boolean) => void;
}

/**
 * One leader among all daemons of a cluster, with any engine: an annotation on the KubeControllersConfiguration
 * `default`, whose work the leader does, changed by compare-and-swap only. Nobody trusts another's clock: a lease has
 * run out when its text hasn't changed for `DURATION` by one's own monotonic clock. The leader steps down by itself
 * before that, so that two never lead unless a process stands still and comes back; and then no harm is done,
 * because what it writes is compared and swapped, too.
 */
export class Lease {
  readonly #options: LeaseOptions;
  #cancel: Cancel | undefined;
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;
  #leads = false;
  #renewedAt = 0;
  #count = 0;
  /** The lease's text as last seen, and since when it has been so. */
  #seen: { readonly text: string | undefined; readonly since: number } | undefined;
  #configuration: KubeControllersConfiguration | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  get leads(): boolean {
    return this.#leads;
  }

  /** The controllers' settings as they were at the last look. */
  get configuration(): KubeControllersConfiguration | undefined {
    return this.#configuration;
  }

  start(): void {
    this.#again(0);
  }

  /** Gives the lease back, so that nobody has to wait for its end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#turn;
    if (!this.#leads) return;
    this.#become(false);
    try {
      const found = await this.#read();
      if (holderOf(textOf(found)) === this.#options.holder) await this.#write(found, '');
    } catch (error) {
      this.#options.log.debug({ reason: reasonOf(error) }, 'the lease runs out by itself');
    }
  }

  #again(delay: number): void {
    this.#cancel = this.#options.clock.after(delay, () => {
      this.#turn = this.#look().then(() => {
        if (!this.#stopped) this.#again(this.#leads ? RENEWAL : INTEREST);
      });
    });
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#options;
    // Whatever is late in answering counts from when it was asked.
    const asked = clock.now();
    const left = Math.max(0, this.#renewedAt + DEADLINE - asked);
    const guard = this.#leads ? clock.after(left, () => this.#become(false)) : undefined;
    try {
      const won = await this.#contend(asked);
      if (won) this.#renewedAt = asked;
      this.#become(won && clock.now() - asked < DEADLINE);
    } catch (error) {
      log.debug({ reason: reasonOf(error) }, 'the lease could not be looked at');
      if (clock.now() - this.#renewedAt >= DEADLINE) this.#become(false);
    } finally {
      guard?.();
    }
  }

  /** Whether the lease is ours now. */
  async #contend(now: number): Promise<boolean> {
    const found = await this.#read();
    const text = textOf(found);
    if (this.#seen === undefined || this.#seen.text !== text) this.#seen = { text, since: now };
    const mine = holderOf(text) === this.#options.holder;
    const free = !text || now - this.#seen.since >= DURATION;
    if (!mine && !free) return false;
    const next = `${this.#options.holder} ${++this.#count}`;
    try {
      await this.#write(found, next);
      this.#seen = { text: next, since: now };
      return true;
    } catch (error) {
      if (error instanceof UpdateConflict || error instanceof AlreadyExists || error instanceof NotFound) {
        // Somebody else has written: another contender, or a person who changes the settings. If we led, we still do.
        return mine && this.#leads && this.#retry();
      }
      throw error;
    }
  }

  async #retry(): Promise<boolean> {
    const found = await this.#read();
    if (holderOf(textOf(found)) !== this.#options.holder) return false;
    await this.#write(found, `${this.#options.holder} ${++this.#count}`);
    return true;
  }

  async #read(): Promise<KubeControllersConfiguration | undefined> {
    this.#configuration = await this.#options.store.get({ kind: 'KubeControllersConfiguration', name: 'default' });
    return this.#configuration;
  }

  async #write(found: KubeControllersConfiguration | undefined, text: string): Promise<void> {
    const { store } = this.#options;
    const annotations = { ...found?.metadata.annotations, [LEASE_ANNOTATION]: text };
    this.#configuration =
      found === undefined
        ? await store.create(
            newResource('KubeControllersConfiguration', { name: 'default', annotations }, DEFAULT_CONTROLLERS),
          )
        : await store.update({ ...found, metadata: { ...found.metadata, annotations } });
  }

  #become(leads: boolean): void {
    if (leads === this.#leads) return;
    this.#leads = leads;
    this.#options.onChange(leads);
  }
}

function textOf(found: KubeControllersConfiguration | undefined): string | undefined {
  return found?.metadata.annotations?.[LEASE_ANNOTATION];
}

/** The lease reads `<holder> <count of renewals>`. */
function holderOf(text: string | undefined): string | undefined {
  return text?.slice(0, Math.max(0, text.lastIndexOf(' ')));
}
