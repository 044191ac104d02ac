import type { RouteSelection } from 'bgp-speaker-ts';
import { formatPrefix, type Prefix, parsePrefix, prefix } from '../base/index.ts';
import type { BgpNeighbour, BgpPeersAnswer, BgpRouteAnswer, ExplainedEntry } from '../control/index.ts';
import { RequestRefused } from '../control/index.ts';
import type { PeerReport, Routing } from '../routing/index.ts';
import type { QuerySources } from './queries.ts';
import type { SessionChange, SessionHistory } from './session-history.ts';

const DAY = 24 * 3600 * 1000;

export interface BgpAnswersOptions {
  readonly queries: () => Pick<QuerySources, 'nodename' | 'desired'>;
  readonly routing: Pick<Routing, 'peers' | 'speaker'>;
  readonly sessions: Pick<SessionHistory, 'changesOf'>;
  readonly kernelRoutes: (prefix: Prefix) => readonly ExplainedEntry[];
  readonly isLedWithoutBgp: (prefix: Prefix) => boolean;
}

/** Answers about BGP: the neighbours, the routes from and to them, and why a prefix goes where it goes. */
export class BgpAnswers {
  readonly #options: BgpAnswersOptions;

  constructor(options: BgpAnswersOptions) {
    this.#options = options;
  }

  peers(): BgpPeersAnswer {
    const { queries, routing, sessions } = this.#options;
    const { nodename, desired } = queries();
    const own = desired().bgp;
    return {
      nodename,
      ...(own && { bgp: { asn: own.asn, routerId: own.routerId } }),
      peers: routing.peers().map((peer) => neighbour(peer, own?.asn ?? 0, sessions.changesOf(peer.status.name))),
    };
  }

  /** `NO_PEER`: nobody is known by that name. */
  routes(peer: string, selection: RouteSelection, limit: number) {
    const names = this.#options.routing.peers().map(({ status }) => status.name);
    if (!names.includes(peer)) {
      const known = names.length === 0 ? 'this node has none' : `there are ${names.slice(0, 10).join(', ')}`;
      throw new RequestRefused('NO_PEER', `no BGP peer is called ${peer}: ${known}`);
    }
    return this.#options.routing.speaker?.routesOf(peer, selection, limit) ?? { total: 0, routes: [] };
  }

  /** `PARSE`: neither a prefix nor an address. */
  route(asked: string): BgpRouteAnswer {
    const isAddress = !asked.includes('/');
    const whole = asked.includes(':') ? 128 : 32;
    const found = this.#covering(parsePrefix(isAddress ? `${asked}/${whole}` : asked, 'prefix'), isAddress);
    if (found === undefined) return { paths: [], announcements: [], kernel: [] };
    const { routing, kernelRoutes } = this.#options;
    const { paths, announcements } = routing.speaker?.explain(found) ?? { paths: [], announcements: [] };
    return {
      prefix: found,
      paths: paths.map((path) => ({
        ...path,
        asPath: [...path.asPath],
        communities: [...path.communities],
        extendedCommunities: [...path.extendedCommunities],
        largeCommunities: [...path.largeCommunities],
      })),
      announcements: announcements.map((one) => ({ ...one })),
      kernel: [...kernelRoutes(parsePrefix(found))],
    };
  }

  /** The prefix itself, or for an address the longest one that some path or this node's own knowledge leads to. */
  #covering(asked: Prefix, isAddress: boolean): string | undefined {
    const { routing, isLedWithoutBgp } = this.#options;
    const shortest = isAddress ? 0 : asked.length;
    for (let length = asked.length; length >= shortest; length--) {
      const covering = prefix(asked, length);
      const text = formatPrefix(covering);
      if ((routing.speaker?.explain(text).paths ?? []).length > 0 || isLedWithoutBgp(covering)) return text;
    }
    return undefined;
  }
}

function neighbour({ desired, status, bfd }: PeerReport, asn: number, changes: readonly SessionChange[]): BgpNeighbour {
  const { negotiated } = status;
  return {
    name: status.name,
    address: status.address,
    type: desired.type,
    description: desired.name,
    localAs: desired.localAsn ?? asn,
    remoteAs: status.remoteAs,
    session: status.state,
    ...(status.state !== 'Established' && status.reason !== undefined && { reason: status.reason }),
    since: status.since,
    ...(status.routerId !== undefined && { routerId: status.routerId }),
    ...(negotiated && { holdTime: negotiated.holdTime }),
    families: [...(negotiated?.families ?? [])],
    capabilities: [...(negotiated?.capabilities ?? [])],
    messages: { ...status.messages },
    prefixes: { ...status.prefixes },
    flaps: status.flaps,
    ...(bfd && { bfd }),
    ...(status.gracefulRestart && { gracefulRestart: status.gracefulRestart }),
    history: counted(changes).reverse(),
  };
}

/** Each end with the number of its kind within a day. */
function counted(changes: readonly SessionChange[]): BgpNeighbour['history'] {
  return changes.map((change, at) => {
    if (change.isUp) return { ...change };
    const alike = changes
      .slice(0, at + 1)
      .filter((other) => !other.isUp && other.reason === change.reason && change.at - other.at < DAY);
    return { ...change, times: alike.length };
  });
}
