import { type OriginValidity, type RtrCacheStatus, RtrClient } from 'bgp-speaker-ts';
import { type Clock, type Log, type Prefix, same } from '../base/index.ts';
import type { DesiredBgp } from '../calc/desired/index.ts';
import { endpoint } from './peering.ts';

type Caches = NonNullable<DesiredBgp['rpkiCaches']>;

/** Keeps the client of the RPKI caches that there should be, and judges routes by what they say; without any there is no judgement. */
export class OriginValidation {
  readonly #options: { readonly clock: Clock; readonly log: Log; readonly changed: () => void };
  #caches: Caches = [];
  #client: RtrClient | undefined;

  /** `changed`: routes would be judged otherwise now. */
  constructor(options: { readonly clock: Clock; readonly log: Log; readonly changed: () => void }) {
    this.#options = options;
  }

  take(caches: Caches = []): void {
    if (same(caches, this.#caches)) return;
    const had = this.#client !== undefined;
    this.stop();
    this.#caches = caches;
    const { clock, log, changed } = this.#options;
    if (caches.length > 0) {
      this.#client = new RtrClient({ caches, clock, log, onChange: changed });
      this.#client.start();
    }
    if (had) changed();
  }

  judge(prefix: Prefix, origin: number | undefined): OriginValidity | undefined {
    return this.#client?.validate(prefix, origin);
  }

  /** How the caches are, in order of preference. */
  get caches(): readonly RtrCacheStatus[] {
    return this.#client?.status.caches ?? [];
  }

  problems(): readonly string[] {
    const { problem, caches = [] } = this.#client?.status ?? {};
    if (problem === undefined) return [];
    const held = caches.reduce((sum, { used, ipv4, ipv6 }) => sum + (used ? ipv4 + ipv6 : 0), 0);
    const meanwhile =
      held > 0 ? `what they have told (prefixes: ${held}) holds until it expires` : 'every origin is not-found';
    return [
      `No RPKI cache answers (${caches.map(endpoint).join(', ')} of vrouter.projectcalico.org/rpkiCaches are tried in turn): ` +
        `${problem}; ${meanwhile}`,
    ];
  }

  stop(): void {
    this.#client?.stop();
    this.#client = undefined;
    this.#caches = [];
  }
}
