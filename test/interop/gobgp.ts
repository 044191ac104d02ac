import { rmSync, writeFileSync } from 'node:fs';
import type { AddressFamily } from 'bgp-speaker-ts';
import { ask, DaemonProcess, run } from './daemon-process.ts';
import {
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

export const gobgp: PeerKind = {
  name: 'GoBGP',
  program: '/usr/bin/gobgpd',
  debianPackage: 'gobgpd',
  propagates: true,
  lacks: {
    'BFD over one hop': NO_BFD,
    'BFD over several hops': NO_BFD,
    'BFD ends the session: the peer hears us no more': NO_BFD,
    'IPv4 routes over link-local addresses alone': 'it listens on no single one of them',
    'roles (RFC 9234)': 'it knows none',
    'route refresh: the peer asks': 'it keeps what it received, and filters that again',
    'collision: our identifier is higher': ONE_CONNECTION,
    'collision: the peer’s identifier is higher': ONE_CONNECTION,
  },
  create: (setup, place) => new GoBgp(setup, place),
};

class GoBgp implements Peer {
  readonly #setup: Setup;
  readonly #place: Place;
  readonly #process: DaemonProcess;
  readonly #routes: Map<string, Route>;
  #started = false;

  constructor(setup: Setup, place: Place) {
    this.#setup = setup;
    this.#place = place;
    this.#process = new DaemonProcess(place, 'gobgpd');
    this.#routes = new Map(setup.routes.map((route) => [route.prefix, route]));
  }

  async start(): Promise<void> {
    const told = [...this.#routes.values()].find(({ linkBandwidth }) => linkBandwidth !== undefined)?.linkBandwidth;
    writeFileSync(
      this.#config,
      `${config(this.#setup, told !== undefined)}\n${told === undefined ? '' : telling(told)}`,
    );
    rmSync(this.#socket, { force: true });
    const restarted = this.#started ? ['-r'] : [];
    this.#started = true;
    const api = ['--api-hosts', `unix://${this.#socket}`, '--pprof-disable'];
    this.#process.start([gobgp.program, '-f', this.#config, '-l', 'info', '-p', ...api, ...restarted]);
    await this.#process.answers(async () => (await this.#ask('global')) !== '');
    await this.#add([...this.#routes.values()]);
  }

  stop(): Promise<void> {
    return this.#process.end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  async established(): Promise<boolean> {
    return (await this.#ask(`neighbor ${this.#neighbour}`)).includes('BGP state = ESTABLISHED');
  }

  async routes(family: AddressFamily): Promise<readonly SeenRoute[]> {
    const text = await this.#ask(`-j neighbor ${this.#neighbour} adj-in -a ${nameOf(family)}`);
    const table = JSON.parse(text.startsWith('{') ? text : '{}') as Record<string, readonly GoBgpPath[]>;
    return Object.values(table).flatMap((paths) => paths.map(seen));
  }

  async announce(routes: readonly Route[]): Promise<void> {
    for (const route of routes) this.#routes.set(route.prefix, route);
    if (this.#process.running) await this.#add(routes);
  }

  async withdraw(prefixes: readonly string[]): Promise<void> {
    for (const prefix of prefixes) {
      this.#routes.delete(prefix);
      if (this.#process.running) await this.#tell('global', 'rib', 'del', prefix, '-a', familyOf(prefix));
    }
  }

  async askRefresh(): Promise<void> {
    await this.#tell('neighbor', this.#neighbour, 'softresetin');
  }

  async shutdown(text: string): Promise<string> {
    await this.#tell('neighbor', this.#neighbour, 'shutdown', '--reason', text);
    return text;
  }

  async sessionText(): Promise<string> {
    return `${await this.#ask(`neighbor ${this.#neighbour}`)}\n${this.#process.log}`;
  }

  async #add(routes: readonly Route[]): Promise<void> {
    for (const route of routes) {
      const { communities, extendedCommunities = [], largeCommunities } = route;
      await this.#tell(
        ...['global', 'rib', 'add', route.prefix, '-a', familyOf(route.prefix)],
        ...(communities ? ['community', communities.join(',')] : []),
        ...extendedCommunities.flatMap((text) => [text.slice(0, 2), text.slice(3)]),
        ...(largeCommunities ? ['large-community', largeCommunities.join(',')] : []),
      );
    }
  }

  get #neighbour(): string {
    return this.#setup.neighbours[0].address;
  }

  get #config(): string {
    return `${this.#place.directory}/gobgpd.toml`;
  }

  get #socket(): string {
    return `${this.#place.directory}/api.sock`;
  }

  #ask(command: string): Promise<string> {
    return ask(this.#place, ['gobgp', '--target', `unix://${this.#socket}`, ...command.split(' ')]);
  }

  #tell(...words: readonly string[]): Promise<string> {
    return run(this.#place, ['gobgp', '--target', `unix://${this.#socket}`, ...words]);
  }
}

interface GoBgpPath {
  readonly nlri: { readonly prefix: string };
  readonly attrs: readonly {
    readonly type: number;
    readonly nexthop?: string;
    readonly communities?: readonly number[];
    readonly value?: unknown;
  }[];
}

function seen({ nlri, attrs }: GoBgpPath): SeenRoute {
  const of = (type: number) => attrs.find((attribute) => attribute.type === type);
  const extended = (of(16)?.value ?? []) as readonly {
    readonly subtype: number;
    readonly value?: string;
    readonly bandwidth?: number;
  }[];
  const large = (of(32)?.value ?? []) as readonly Record<'ASN' | 'LocalData1' | 'LocalData2', number>[];
  const { bandwidth } = extended.find((one) => one.bandwidth !== undefined) ?? {};
  return {
    ...(bandwidth !== undefined && { linkBandwidth: bandwidth / OCTETS }),
    prefix: nlri.prefix,
    nextHop: of(3)?.nexthop ?? of(14)?.nexthop ?? '',
    communities: (of(8)?.communities ?? []).map((value) => `${value >>> 16}:${value & 0xffff}`),
    extendedCommunities: extended.map(({ subtype, value }) => `${subtype === 2 ? 'rt' : 'soo'}:${value}`),
    largeCommunities: large.map(({ ASN, LocalData1, LocalData2 }) => `${ASN}:${LocalData1}:${LocalData2}`),
  };
}

/** Its command line knows the word for a link's bandwidth, and refuses all that follows. A policy takes it. */
function telling(bandwidth: number): string {
  return `[[policy-definitions]]
name = "telling"
[[policy-definitions.statements]]
[policy-definitions.statements.actions]
route-disposition = "accept-route"
[policy-definitions.statements.actions.bgp-actions.set-ext-community]
options = "add"
[policy-definitions.statements.actions.bgp-actions.set-ext-community.set-ext-community-method]
communities-list = ["lb:65000:${bandwidth * OCTETS}"]`;
}

function config({ asn, routerId, neighbours }: Setup, tells: boolean): string {
  return `[global.config]
as = ${asn}
router-id = "${routerId}"
port = 179
local-address-list = ["${neighbours[0].localAddress}"]
${tells ? '[global.apply-policy.config]\nimport-policy-list = ["telling"]\ndefault-import-policy = "accept-route"' : ''}
${neighbours.map(session).join('\n')}
`;
}

function session({ address, localAddress, asn, families, ...more }: Neighbour): string {
  const { passive, password, holdTime, addPath, restartTime, longLivedStaleTime } = more;
  const graceful =
    restartTime === undefined
      ? ''
      : `[neighbors.graceful-restart.config]\nenabled = true\nrestart-time = ${restartTime}\nlong-lived-enabled = ${longLivedStaleTime !== undefined}`;
  const lists = families.map(
    (family) => `[[neighbors.afi-safis]]
[neighbors.afi-safis.config]
afi-safi-name = "${nameOf(family)}-unicast"
[neighbors.afi-safis.mp-graceful-restart.config]
enabled = ${restartTime !== undefined}
${longLivedStaleTime === undefined ? '' : `[neighbors.afi-safis.long-lived-graceful-restart.config]\nenabled = true\nrestart-time = ${longLivedStaleTime}`}
[neighbors.afi-safis.add-paths.config]
receive = ${addPath === 'receive'}
send-max = ${addPath === 'send' ? 8 : 0}`,
  );
  return `[[neighbors]]
[neighbors.config]
neighbor-address = "${address}"
peer-as = ${asn}
${password === undefined ? '' : `auth-password = "${password}"`}
[neighbors.transport.config]
local-address = "${localAddress}"
passive-mode = ${passive}
[neighbors.timers.config]
connect-retry = 1
idle-hold-time-after-reset = 1
hold-time = ${holdTime}
keepalive-interval = ${Math.floor(holdTime / 3)}
${graceful}
${lists.join('\n')}`;
}

function nameOf(family: AddressFamily): string {
  return family === 'ipv4-unicast' ? 'ipv4' : 'ipv6';
}

function familyOf(prefix: string): string {
  return prefix.includes(':') ? 'ipv6' : 'ipv4';
}
