import type { Origination, Speaker } from 'bgp-speaker-ts';
import { type Clock, type Log, within } from '../base/index.ts';
import type { Announcement, DesiredBgp } from '../calc/desired/index.ts';
import { type DirectNetwork, DirectNetworks } from './direct-networks.ts';
import { OWN } from './filters.ts';
import type { RoutingOptions } from './options.ts';

/** How long a peer that does not read is waited for, in milliseconds. */
const PATIENCE = 500;

type OriginSpeaker = Pick<Speaker, 'originate' | 'adjustOriginated' | 'announced'>;
type Said = Pick<DesiredBgp, 'announce' | 'localPrefs'>;

/**
 * The routes that the node originates: the calculation's announcements, and the networks it is on, which only filters
 * let out.
 */
export class Originating {
  readonly #direct: DirectNetworks | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  #speaker: OriginSpeaker | undefined;
  #said: Said | undefined;
  #networks: readonly DirectNetwork[] = [];
  #announced: Promise<void> = Promise.resolve();

  constructor(options: RoutingOptions) {
    const { links, podPrefix = 'cali', clock, log } = options;
    this.#clock = clock;
    this.#log = log.child({ component: 'routing' });
    if (links === undefined) return;
    this.#direct = new DirectNetworks({ ...options, links, podPrefix, log: this.#log });
    this.#direct.onChange = () => this.#tell();
  }

  /** Tells a speaker what is announced now, unless it knows. */
  apply(speaker: OriginSpeaker, bgp: DesiredBgp): void {
    const isNew = speaker !== this.#speaker;
    this.#speaker = speaker;
    this.#direct?.ignore(bgp.ignoredInterfaces ?? []);
    if (isNew) this.#direct?.invalidate();
    const { announce, localPrefs } = bgp;
    const before = this.#said;
    this.#said = { announce, localPrefs };
    const networks = this.#direct?.networks ?? this.#networks;
    if (isNew || localPrefs !== before?.localPrefs || this.#networks !== networks) this.#tell();
    else if (announce !== before.announce) this.#tellChanges(speaker, before.announce);
  }

  /** Resolves when every peer that is up has been sent what is announced now. One that does not read is waited for briefly. */
  announced(): Promise<void> {
    return this.#announced;
  }

  /** Links or addresses have changed. */
  topologyChanged(): void {
    this.#direct?.invalidate();
  }

  stop(): void {
    this.#direct?.stop();
    this.end();
  }

  /** Forgets the speaker. */
  end(): void {
    this.#speaker = undefined;
  }

  #tell(): void {
    const speaker = this.#speaker;
    if (speaker === undefined || this.#said === undefined) return;
    this.#networks = this.#direct?.networks ?? this.#networks;
    speaker.originate(originations(this.#said, this.#networks));
    this.#announced = this.#untilAnnounced(speaker);
  }

  #tellChanges(speaker: OriginSpeaker, before: DesiredBgp['announce']): void {
    const { announce, localPrefs } = this.#said!;
    const changed: Origination[] = [];
    const gone: string[] = [];
    for (const [cidr, now] of announce.since(before)) {
      const one = now ?? this.#networks.find((network) => network.cidr === cidr);
      if (one === undefined) gone.push(cidr);
      else changed.push(origination(one, now === undefined ? DIRECT : OWN, localPrefs));
    }
    speaker.adjustOriginated(changed, gone);
    this.#announced = this.#untilAnnounced(speaker);
  }

  async #untilAnnounced(speaker: Pick<Speaker, 'announced'>): Promise<void> {
    if (await within(this.#clock, PATIENCE, speaker.announced())) return;
    this.#log.warn({}, 'not every BGP peer could be told yet of what is announced now');
  }
}

/**
 * Our own blocks and borrowed addresses as routes to originate; the next hop is each session's own address, and LOCAL_PREF
 * what Calico makes of an ordinary route's metric, so that nodes of both kinds prefer each other's routes alike. What is
 * announced goes before a network of the same prefix.
 */
export function originations({ announce, localPrefs }: Said, direct: readonly DirectNetwork[] = []): Origination[] {
  return [
    ...direct.map((one) => origination(one, DIRECT, localPrefs)),
    ...[...announce.values()].map((one) => origination(one, OWN, localPrefs)),
  ];
}

function origination(
  { cidr, interfaceName }: Pick<Announcement, 'cidr' | 'interfaceName'>,
  tag: string,
  localPrefs: DesiredBgp['localPrefs'],
): Origination {
  return {
    prefix: cidr,
    tag,
    localPref: localPrefs[cidr.includes(':') ? 6 : 4],
    ...(interfaceName !== undefined && { interface: interfaceName }),
  };
}

/** The tag of the networks that the node is on. */
const DIRECT = 'direct';
