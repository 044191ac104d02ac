import { readFileSync } from 'node:fs';
import type { AddressFamily, Origination, PeerConfig, SpeakerOptions, Transport } from 'bgp-speaker-ts';
import type { Test } from 'tap';
import { run } from './daemon-process.ts';
import { addressOf, HOST, type Host, type IpFamily } from './network.ts';
import { type OurSetup, OurSpeaker } from './our-speaker.ts';
import type { Neighbour, Peer, PeerKind, Place, Route, SeenRoute } from './peer.ts';
import { until } from './until.ts';

export const ASN = 64512;
const LOG_LINES = 30;

/** What differs from the plain case: one iBGP session for IPv4 routes over IPv4, which we dial. */
export interface PairOptions {
  readonly sessionFamily?: IpFamily;
  readonly families?: readonly AddressFamily[];
  readonly asn?: number;
  readonly peerAsn?: number;
  readonly dials?: 'us' | 'peer' | 'both';
  readonly routerId?: string;
  readonly ours?: Partial<PeerConfig>;
  readonly theirs?: Partial<Neighbour>;
  readonly originate?: readonly Origination[];
  readonly routes?: readonly Route[];
  /** More sessions of the daemon's, with speakers of ours at other addresses. */
  readonly otherNeighbours?: readonly Neighbour[];
  /** More sessions of our speaker's. */
  readonly otherPeers?: readonly PeerConfig[];
  readonly transport?: Transport;
}

/** What a case has: a daemon, speakers of ours, and a subnet that nobody else uses. */
export class Bench {
  readonly kind: PeerKind;
  readonly #t: Test;
  readonly #place: Place;
  #peer: Peer | undefined;
  #ours: OurSpeaker[] = [];

  constructor(t: Test, kind: PeerKind, place: Place) {
    this.#t = t;
    this.kind = kind;
    this.#place = place;
  }

  address(host: Host, family: IpFamily | 'link-local' = 4): string {
    return addressOf(this.#place.number, host, family);
  }

  /** The daemon and our speaker, both started; the session may not be up yet. */
  async pair(options: PairOptions = {}): Promise<{ us: OurSpeaker; peer: Peer; at: string; setup: OurSetup }> {
    const { sessionFamily = 4, asn = ASN, peerAsn = asn, dials = 'us', routes = [], originate = [] } = options;
    const families = options.families ?? [sessionFamily === 4 ? 'ipv4-unicast' : 'ipv6-unicast'];
    const own = this.address(HOST.us, sessionFamily);
    const at = this.address(HOST.peer, sessionFamily);
    const neighbour: Neighbour = {
      ...this.neighbour(HOST.us, asn, sessionFamily),
      families,
      passive: dials === 'us',
      ...options.theirs,
    };
    const peer = this.kind.create(
      {
        asn: peerAsn,
        routerId: this.address(HOST.peer),
        neighbours: [neighbour, ...(options.otherNeighbours ?? [])],
        routes,
      },
      this.#place,
    );
    this.#peer = peer;
    this.#t.teardown(() => peer.kill());
    const setup: OurSetup = {
      asn,
      routerId: options.routerId ?? this.address(HOST.us),
      addresses: [own],
      peers: [
        {
          address: at,
          remoteAs: peerAsn,
          localAddress: own,
          families,
          passive: dials === 'peer',
          connectRetryTime: 1,
          ...options.ours,
        },
        ...(options.otherPeers ?? []),
      ],
      originate,
      ...(options.transport && { transport: options.transport }),
    };
    await peer.start();
    const us = await this.speaker(setup);
    return { us, peer, at, setup };
  }

  /** As `pair`, and the session is up. */
  async session(options: PairOptions = {}) {
    const all = await this.pair(options);
    await this.established(all.us, all.peer, all.at);
    return all;
  }

  /** A speaker of ours, started. */
  async speaker(setup: OurSetup & Partial<SpeakerOptions>): Promise<OurSpeaker> {
    const ours = new OurSpeaker(setup);
    this.#ours.push(ours);
    this.#t.teardown(() => ours.speaker.stop('shutdown'));
    await ours.speaker.start();
    return ours;
  }

  /** How the daemon is to see a speaker of ours that dials it. */
  neighbour(host: Host, asn: number, family: IpFamily = 4): Neighbour {
    return {
      address: this.address(host, family),
      localAddress: this.address(HOST.peer, family),
      asn,
      families: [family === 4 ? 'ipv4-unicast' : 'ipv6-unicast'],
      passive: true,
      holdTime: 90,
    };
  }

  async established(us: OurSpeaker, peer: Peer, at: string): Promise<void> {
    await this.until('the session', async () => us.established(at) && (await peer.established()));
  }

  /** Waits until the daemon has all of the prefixes from us, and gives it as it sees them. */
  async seen(peer: Peer, ...prefixes: readonly string[]): Promise<SeenRoute[]> {
    let found: readonly SeenRoute[] = [];
    await this.until(`${prefixes.join(', ')} at the peer`, async () => {
      found = await peer.routes(prefixes[0].includes(':') ? 'ipv6-unicast' : 'ipv4-unicast');
      return prefixes.every((prefix) => found.some((route) => route.prefix === prefix));
    });
    return found.filter(({ prefix }) => prefixes.includes(prefix));
  }

  /** Waits until the daemon has none of the prefixes from us. */
  async gone(peer: Peer, ...prefixes: readonly string[]): Promise<void> {
    await this.until(`${prefixes.join(', ')} to go at the peer`, async () => {
      const found = await peer.routes(prefixes[0].includes(':') ? 'ipv6-unicast' : 'ipv4-unicast');
      return found.every(({ prefix }) => !prefixes.includes(prefix));
    });
  }

  /** Waits until we have all of the prefixes. */
  async learned(us: OurSpeaker, ...prefixes: readonly string[]): Promise<void> {
    await this.until(`${prefixes.join(', ')} at our side`, () => prefixes.every((prefix) => us.best.has(prefix)));
  }

  /** Segments that either side refused for their signature, since the namespaces were made. */
  async md5Failures(): Promise<number> {
    const texts = [readFileSync('/proc/net/netstat', 'utf8'), await run(this.#place, ['cat', '/proc/net/netstat'])];
    return texts.reduce((sum, text) => sum + counter(text, 'TCPMD5Failure') + counter(text, 'TCPMD5NotFound'), 0);
  }

  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    return until(what, condition, { explain: () => this.#explain() });
  }

  async #explain(): Promise<string> {
    const ours = this.#ours.flatMap(({ speaker, best, events }) => [
      ...speaker.peers().map((peer) => JSON.stringify(peer)),
      `routes: ${[...best.keys()].slice(0, LOG_LINES).join(' ')}`,
      ...events.slice(-LOG_LINES).map((event) => JSON.stringify(event)),
    ]);
    const theirs = (await this.#peer?.sessionText())?.trimEnd().split('\n').slice(-LOG_LINES) ?? [];
    return ['', 'ours:', ...ours, 'theirs:', ...theirs].join('\n  ');
  }
}

/** A number out of /proc/net/netstat, where a line of names comes before each line of values. */
function counter(text: string, name: string): number {
  const lines = text.split('\n').map((line) => line.split(' '));
  const names = lines.findIndex((line) => line.includes(name));
  return names < 0 ? 0 : Number(lines[names + 1][lines[names].indexOf(name)]);
}
