import { type Clock, type Log, Repeated, reasonOf } from '../base/index.ts';
import type { Kernel } from '../netlink/index.ts';
import type { EndpointReconciler } from './endpoints/reconcile.ts';
import type { Forwarding } from './forwarding.ts';
import type { TunnelReconciler } from './tunnels/reconcile.ts';

/** Milliseconds for which a setting that somebody has changed may stay so. */
const INTERVAL = 1000;

export interface SettingsLookOptions {
  readonly kernel: Pick<Kernel, 'linkSettings'>;
  readonly forwarding: Forwarding;
  readonly endpoints: EndpointReconciler;
  readonly tunnels: Pick<TunnelReconciler, 'look'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds between looks; 0 for none. */
  readonly lookInterval?: number;
}

/** Looks again and again at the settings and at WireGuard's devices, since the kernel tells nobody of most of that. */
export class SettingsLook {
  readonly #options: SettingsLookOptions;
  readonly #repeated: Repeated;

  constructor(options: SettingsLookOptions) {
    this.#options = options;
    this.#repeated = new Repeated(options.clock, options.lookInterval ?? INTERVAL, () => this.look());
  }

  start(): void {
    this.#repeated.start();
  }

  /** One that fails is made up for by the next. */
  async look(): Promise<void> {
    const { kernel, forwarding, endpoints, tunnels, log } = this.#options;
    try {
      await forwarding.check();
      await tunnels.look();
      if (!endpoints.hasPods) return;
      const found = await kernel.linkSettings();
      forwarding.settingsSeen(found);
      endpoints.settingsSeen(found);
    } catch (error) {
      log.debug({ err: reasonOf(error) }, 'the settings can not be read');
    }
  }

  stop(): void {
    this.#repeated.stop();
  }
}
