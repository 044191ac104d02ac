import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressFamily } from 'bgp-speaker-ts';
import { ask, DaemonProcess, run } from './daemon-process.ts';
import {
  megabitsOf,
  type Neighbour,
  type Peer,
  type PeerKind,
  type Place,
  type Route,
  type SeenRoute,
  type Setup,
} from './peer.ts';

/** Where it locks itself in; a service manager would make it. */
const HOME = '/run/openbgpd';

const NO_BFD = 'it has none';
const ONE_CONNECTION = 'it has one connection at a time';

export const openbgpd: PeerKind = {
  name: 'OpenBGPD',
  program: '/usr/sbin/bgpctl',
  debianPackage: 'openbgpd',
  propagates: true,
  lacks: {
    'BFD over one hop': NO_BFD,
    'BFD over several hops': NO_BFD,
    'BFD ends the session: the peer hears us no more': NO_BFD,
    'link bandwidth received': 'its configuration has no word for it',
    'IPv4 routes with IPv6 next hops': 'not before 8.0',
    'IPv4 routes over link-local addresses alone': 'not before 8.0',
    'route refresh: we ask': 'it says that the family was not negotiated, though it shows it as such',
    'graceful restart: the peer restarts': 'it only helps others',
    'long-lived graceful restart: the peer restarts': 'it only helps others',
    'collision: our identifier is higher': ONE_CONNECTION,
    'collision: the peer’s identifier is higher': ONE_CONNECTION,
  },
  create: (setup, place) => new OpenBgpd(setup, place),
};

class OpenBgpd implements Peer {
  readonly #setup: Setup;
  readonly #place: Place;
  readonly #process: DaemonProcess;
  readonly #routes: Map<string, Route>;

  constructor(setup: Setup, place: Place) {
    this.#setup = setup;
    this.#place = place;
    this.#process = new DaemonProcess(place, 'bgpd');
    this.#routes = new Map(setup.routes.map((route) => [route.prefix, route]));
  }

  async start(): Promise<void> {
    mkdirSync(HOME, { recursive: true });
    this.#configure();
    rmSync(this.#socket, { force: true });
    this.#process.start(['/usr/sbin/bgpd', '-d', '-v', '-f', this.#config]);
    await this.#process.answers(async () => (await this.#ask('show')).includes('Neighbor'));
  }

  stop(): Promise<void> {
    return this.#process.end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  async established(): Promise<boolean> {
    return (await this.#ask(`show neighbor ${this.#neighbour}`)).includes('BGP state = Established');
  }

  async routes(family: AddressFamily): Promise<readonly SeenRoute[]> {
    const name = family === 'ipv4-unicast' ? 'inet' : 'inet6';
    const text = await this.#ask(`-j show rib neighbor ${this.#neighbour} in detail ${name}`);
    const { rib = [] } = JSON.parse(text.startsWith('{') ? text : '{}') as { rib?: readonly OpenBgpdRoute[] };
    return rib.map(seen);
  }

  announce(routes: readonly Route[]): Promise<void> {
    for (const route of routes) this.#routes.set(route.prefix, route);
    return this.#reload();
  }

  withdraw(prefixes: readonly string[]): Promise<void> {
    for (const prefix of prefixes) this.#routes.delete(prefix);
    return this.#reload();
  }

  async askRefresh(): Promise<void> {
    await this.#tell('neighbor', this.#neighbour, 'refresh');
  }

  async shutdown(text: string): Promise<string> {
    await this.#tell('neighbor', this.#neighbour, 'down', text);
    return text;
  }

  async sessionText(): Promise<string> {
    return `${await this.#ask(`show neighbor ${this.#neighbour}`)}\n${this.#process.log}`;
  }

  async #reload(): Promise<void> {
    this.#configure();
    if (this.#process.running) await this.#tell('reload');
  }

  #configure(): void {
    const { asn, routerId, neighbours } = this.#setup;
    writeFileSync(
      this.#config,
      `AS ${asn}
router-id ${routerId}
socket "${this.#socket}"
connect-retry 1
listen on ${neighbours[0].localAddress}
fib-update no
log updates
${[...this.#routes.values()].map(network).join('\n')}
${neighbours.map(session).join('\n')}
allow from any
allow to any
`,
      { mode: 0o600 },
    );
  }

  get #neighbour(): string {
    return this.#setup.neighbours[0].address;
  }

  get #config(): string {
    return `${this.#place.directory}/bgpd.conf`;
  }

  get #socket(): string {
    return `${this.#place.directory}/bgpd.sock`;
  }

  #ask(command: string): Promise<string> {
    return ask(this.#place, ['bgpctl', '-s', this.#socket, ...command.split(' ')]);
  }

  #tell(...words: readonly string[]): Promise<string> {
    return run(this.#place, ['bgpctl', '-s', this.#socket, ...words]);
  }
}

interface OpenBgpdRoute {
  readonly prefix: string;
  readonly true_nexthop?: string;
  readonly exit_nexthop?: string;
  readonly communities?: readonly string[];
  readonly extended_communities?: readonly string[];
  readonly large_communities?: readonly string[];
}

function seen(route: OpenBgpdRoute): SeenRoute {
  // It has no word for a link's bandwidth, and tells the numbers.
  const told = route.extended_communities?.flatMap((text) => /^\[4\] \d+:(\d+)$/.exec(text)?.slice(1) ?? []) ?? [];
  return {
    ...(told.length > 0 && { linkBandwidth: megabitsOf(told[0]) }),
    prefix: route.prefix,
    nextHop: route.exit_nexthop ?? route.true_nexthop ?? '',
    communities: (route.communities ?? []).map((text) => (text === 'GRACEFUL_SHUTDOWN' ? '65535:0' : text)),
    extendedCommunities: (route.extended_communities ?? []).map((text) => text.replace(' ', ':')),
    largeCommunities: route.large_communities ?? [],
  };
}

function session({ address, localAddress, asn, families, ...more }: Neighbour): string {
  const { passive, password, holdTime, addPath, restartTime, role } = more;
  const announced = (['ipv4-unicast', 'ipv6-unicast'] as const).map(
    (family) =>
      `announce ${family === 'ipv4-unicast' ? 'IPv4' : 'IPv6'} ${families.includes(family) ? 'unicast' : 'none'}`,
  );
  return `neighbor ${address} {
  remote-as ${asn}
  local-address ${localAddress}
  holdtime ${holdTime}
  ${passive ? 'passive' : ''}
  ${password === undefined ? '' : `tcp md5sig password "${password}"`}
  ${announced.join('\n  ')}
  announce restart ${restartTime === undefined ? 'no' : 'yes'}
  ${role === undefined ? '' : `announce policy ${role}`}
  ${addPath === 'send' ? 'announce add-path send all' : ''}
  ${addPath === 'receive' ? 'announce add-path recv yes' : ''}
}`;
}

function network({ prefix, communities = [], extendedCommunities = [], largeCommunities = [] }: Route): string {
  const set = [
    ...communities.map((text) => `community ${text}`),
    ...extendedCommunities.map((text) => `ext-community ${text.replace(':', ' ')}`),
    ...largeCommunities.map((text) => `large-community ${text}`),
  ];
  return `network ${prefix}${set.length > 0 ? ` set { ${set.join(' ')} }` : ''}`;
}
