import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressFamily } from 'bgp-speaker-ts';
import { DaemonProcess } from './daemon-process.ts';
import {
  megabitsOf,
  type Neighbour,
  OCTETS,
  type Peer,
  type PeerKind,
  type Place,
  type Route,
  type SeenRoute,
  type Setup,
} from './peer.ts';

const NO_BFD = 'it has none';
const ONE_CONNECTION = 'it has one connection at a time';

export const exabgp: PeerKind = {
  name: 'ExaBGP',
  program: '/usr/sbin/exabgp',
  debianPackage: 'exabgp',
  propagates: false,
  lacks: {
    'BFD over one hop': NO_BFD,
    'BFD over several hops': NO_BFD,
    'BFD ends the session: the peer hears us no more': NO_BFD,
    'IPv4 routes over link-local addresses alone': 'an address with an interface is none to it',
    'long-lived graceful restart: the peer restarts': 'it knows no such thing',
    'roles (RFC 9234)': 'it knows none',
    'collision: our identifier is higher': ONE_CONNECTION,
    'collision: the peer’s identifier is higher': ONE_CONNECTION,
    'shutdown message sent': 'it does not decode a NOTIFICATION in an established session',
    'route refresh: we ask': 'it ends the session when asked',
    'graceful restart: we restart': 'it keeps no table',
  },
  create: (setup, place) => new ExaBgp(setup, place),
};

/**
 * ExaBGP keeps no table: it tells a process of what it hears, and does what that process says. Ours writes down the
 * one and passes on the other.
 */
class ExaBgp implements Peer {
  readonly #setup: Setup;
  readonly #place: Place;
  readonly #process: DaemonProcess;
  readonly #routes: Map<string, Route>;

  constructor(setup: Setup, place: Place) {
    this.#setup = setup;
    this.#place = place;
    this.#process = new DaemonProcess(place, 'exabgp');
    this.#routes = new Map(setup.routes.map((route) => [keyOf(route), route]));
    execFileSync('mkfifo', [this.#commands]);
    writeFileSync(this.#helper, `#!/bin/sh\nexec 3<>${this.#commands}\ncat <&3 &\ncat >>${this.#heard}\nkill $!\n`, {
      mode: 0o755,
    });
  }

  async start(): Promise<void> {
    writeFileSync(this.#config, this.#text());
    rmSync(this.#heard, { force: true });
    const [{ localAddress }] = this.#setup.neighbours;
    this.#process.start([exabgp.program, this.#config], {
      'exabgp.daemon.user': 'root',
      'exabgp.daemon.drop': 'false',
      'exabgp.tcp.bind': localAddress,
      'exabgp.tcp.port': '179',
      'exabgp.api.cli': 'false',
      'exabgp.api.ack': 'false',
      'exabgp.log.message': 'true',
      'exabgp.log.destination': 'stdout',
    });
    await this.#process.answers(async () => existsSync(this.#heard));
  }

  stop(): Promise<void> {
    return this.#process.end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  async established(): Promise<boolean> {
    const states = this.#messages().flatMap(({ type, neighbor }) => (type === 'state' ? [neighbor.state] : []));
    return states.filter((state) => state !== 'connected').at(-1) === 'up';
  }

  async routes(family: AddressFamily): Promise<readonly SeenRoute[]> {
    const table = new Map<string, SeenRoute>();
    const name = family === 'ipv4-unicast' ? 'ipv4 unicast' : 'ipv6 unicast';
    for (const { type, neighbor } of this.#messages()) {
      if (type === 'state' && neighbor.state === 'down') table.clear();
      const { attribute = {}, announce = {}, withdraw = {} } = neighbor.message?.update ?? {};
      for (const one of withdraw[name] ?? []) table.delete(nlriKey(one));
      for (const [nextHop, list] of Object.entries(announce[name] ?? {})) {
        for (const one of list) table.set(nlriKey(one), seen(one, nextHop, attribute));
      }
    }
    return [...table.values()];
  }

  async announce(routes: readonly Route[]): Promise<void> {
    for (const route of routes) {
      this.#routes.set(keyOf(route), route);
      this.#command(`announce ${text(route, this.#nextHop)}`);
    }
  }

  async withdraw(prefixes: readonly string[]): Promise<void> {
    for (const prefix of prefixes) {
      this.#routes.delete(keyOf({ prefix }));
      this.#command(`withdraw ${text({ prefix }, this.#nextHop)}`);
    }
  }

  async askRefresh(): Promise<void> {
    this.#command('announce route-refresh ipv4 unicast');
  }

  /** Its API takes a code; the words are always the same. */
  async shutdown(): Promise<string> {
    this.#command('teardown 2');
    return 'Administrative Shutdown';
  }

  async sessionText(): Promise<string> {
    return `${existsSync(this.#heard) ? readFileSync(this.#heard, 'utf8') : ''}\n${this.#process.log}`;
  }

  /** For IPv4 routes, `self` would be an IPv4 address of the machine on an IPv6 session too. */
  get #nextHop(): string {
    const [{ localAddress, extendedNextHop }] = this.#setup.neighbours;
    return extendedNextHop ? localAddress : 'self';
  }

  #command(line: string): void {
    const [{ address }] = this.#setup.neighbours;
    if (this.#process.running) appendFileSync(this.#commands, `neighbor ${address} ${line}\n`);
  }

  #messages(): readonly ExaBgpMessage[] {
    if (!existsSync(this.#heard)) return [];
    const lines = readFileSync(this.#heard, 'utf8').split('\n').slice(0, -1);
    return lines
      .filter((line) => /"type": "(state|update)"/.test(line))
      .map((line) => JSON.parse(line) as ExaBgpMessage);
  }

  get #config(): string {
    return `${this.#place.directory}/exabgp.conf`;
  }

  get #helper(): string {
    return `${this.#place.directory}/helper`;
  }

  get #commands(): string {
    return `${this.#place.directory}/commands`;
  }

  get #heard(): string {
    return `${this.#place.directory}/heard`;
  }

  #text(): string {
    const { asn, routerId, neighbours } = this.#setup;
    const statics = [...this.#routes.values()].map((route) => `    ${text(route, this.#nextHop)};`);
    return `process helper {
  run ${this.#helper};
  encoder json;
}
${neighbours.map((neighbour) => session(asn, routerId, neighbour, statics)).join('\n')}
`;
  }
}

function session(asn: number, routerId: string, neighbour: Neighbour, statics: readonly string[]): string {
  const { address, localAddress, families, passive, password, holdTime } = neighbour;
  const { addPath, restartTime, extendedNextHop } = neighbour;
  return `neighbor ${address} {
  router-id ${routerId};
  local-address ${localAddress};
  local-as ${asn};
  peer-as ${neighbour.asn};
  hold-time ${holdTime};
  passive ${passive};
  ${password === undefined ? '' : `md5-password "${password}"; md5-base64 false;`}
  family {
    ${families.map((family) => `${family === 'ipv4-unicast' ? 'ipv4' : 'ipv6'} unicast;`).join(' ')}
  }
  capability {
    asn4 enable;
    route-refresh enable;
    ${restartTime === undefined ? '' : `graceful-restart ${restartTime};`}
    ${addPath === undefined ? '' : `add-path ${addPath};`}
    ${extendedNextHop ? 'nexthop enable;' : ''}
  }
  ${extendedNextHop ? 'nexthop { ipv4 unicast ipv6; }' : ''}
  static {
${statics.join('\n')}
  }
  api {
    processes [ helper ];
    neighbor-changes;
    receive { parsed; update; }
  }
}`;
}

interface ExaBgpNlri {
  readonly nlri: string;
  readonly 'path-information'?: string;
}

interface ExaBgpAttributes {
  readonly community?: readonly (readonly number[])[];
  readonly 'large-community'?: readonly (readonly number[])[];
  readonly 'extended-community'?: readonly { readonly string: string; readonly value?: number }[];
}

interface ExaBgpMessage {
  readonly type: string;
  readonly neighbor: {
    readonly state?: string;
    readonly message?: {
      readonly update?: {
        readonly attribute?: ExaBgpAttributes;
        readonly announce?: Readonly<Record<string, Readonly<Record<string, readonly ExaBgpNlri[]>>>>;
        readonly withdraw?: Readonly<Record<string, readonly ExaBgpNlri[]>>;
      };
    };
  };
}

/** The subtype of a Link Bandwidth community. */
const LINK_BANDWIDTH = 4n;

function seen({ nlri }: ExaBgpNlri, nextHop: string, attributes: ExaBgpAttributes): SeenRoute {
  // It gives a community that it has no words for as one number.
  const numbers = (attributes['extended-community'] ?? []).map(({ value = 0 }) => BigInt(value));
  const told = numbers.find((value) => ((value >> 48n) & 0xffn) === LINK_BANDWIDTH);
  return {
    ...(told !== undefined && { linkBandwidth: megabitsOf(`${told & 0xffffffffn}`) }),
    prefix: nlri,
    nextHop,
    communities: (attributes.community ?? []).map((parts) => parts.join(':')),
    extendedCommunities: (attributes['extended-community'] ?? []).map(({ string }) => string.replace('target', 'rt')),
    largeCommunities: (attributes['large-community'] ?? []).map((parts) => parts.join(':')),
  };
}

function text(route: Route, nextHop: string): string {
  const { prefix, pathId, communities, extendedCommunities, largeCommunities, linkBandwidth } = route;
  return [
    `route ${prefix} next-hop ${nextHop}`,
    pathId === undefined ? '' : `path-information 0.0.0.${pathId}`,
    communities ? `community [ ${communities.join(' ')} ]` : '',
    extendedCommunities ? `extended-community [ ${extendedCommunities.join(' ').replaceAll('rt:', 'target:')} ]` : '',
    linkBandwidth === undefined ? '' : `extended-community [ bandwidth:65000:${linkBandwidth * OCTETS} ]`,
    largeCommunities ? `large-community [ ${largeCommunities.join(' ')} ]` : '',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function keyOf({ prefix, pathId = 0 }: Route): string {
  return `${prefix} ${pathId}`;
}

function nlriKey({ nlri, 'path-information': path = '' }: ExaBgpNlri): string {
  return `${nlri} ${path}`;
}
