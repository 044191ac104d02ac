import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { AddressFamily } from 'bgp-speaker-ts';
import { ask, DaemonProcess, run } from './daemon-process.ts';
import {
  BFD_INTERVAL,
  BFD_MULTIPLIER,
  type Neighbour,
  OCTETS,
  type Peer,
  type PeerKind,
  type Place,
  type Route,
  type SeenRoute,
  type Setup,
} from './peer.ts';

/** Its privileges are tied to this user. */
const USER = 'frr';
const ZEBRA = '/usr/lib/frr/zebra';
const BFDD = '/usr/lib/frr/bfdd';

export const frr: PeerKind = {
  name: 'FRR',
  program: '/usr/lib/frr/bgpd',
  debianPackage: 'frr',
  propagates: true,
  lacks: {},
  create: (setup, place) => new Frr(setup, place),
};

/** bgpd, with a zebra of its own to know the interfaces and next hops by, and bfdd if need be; nothing goes to the kernel. */
class Frr implements Peer {
  readonly #setup: Setup;
  readonly #place: Place;
  readonly #zebra: DaemonProcess;
  readonly #bgpd: DaemonProcess;
  readonly #bfdd: DaemonProcess | undefined;
  readonly #routes: Map<string, Route>;

  constructor(setup: Setup, place: Place) {
    this.#setup = setup;
    this.#place = place;
    this.#zebra = new DaemonProcess(place, 'zebra');
    this.#bgpd = new DaemonProcess(place, 'bgpd');
    this.#bfdd = setup.neighbours.some(({ bfd }) => bfd) ? new DaemonProcess(place, 'bfdd') : undefined;
    this.#routes = new Map(setup.routes.map((route) => [route.prefix, route]));
    execFileSync('chown', [USER, place.directory]);
  }

  async start(): Promise<void> {
    const { directory } = this.#place;
    writeFileSync(`${directory}/zebra.conf`, '');
    writeFileSync(`${directory}/bgpd.conf`, this.#config());
    if (!this.#zebra.running) this.#zebra.start([ZEBRA, ...this.#common('zebra')]);
    await this.#zebra.answers(async () => (await this.#ask('zebra', 'show version')) !== '');
    if (this.#bfdd && !this.#bfdd.running) {
      writeFileSync(`${directory}/bfdd.conf`, '');
      this.#bfdd.start([BFDD, ...this.#common('bfdd'), '--bfdctl', `${directory}/bfdd.sock`]);
      await this.#bfdd.answers(async () => (await this.#ask('bfdd', 'show version')) !== '');
    }
    const [{ localAddress, interface: link }] = this.#setup.neighbours;
    const own = link === undefined ? localAddress : `${localAddress}%${link}`;
    this.#bgpd.start([frr.program, ...this.#common('bgpd'), '--no_kernel', '-l', own]);
    await this.#bgpd.answers(async () => (await this.#show('bgp vrfs')) !== '');
  }

  async stop(): Promise<void> {
    await this.#bgpd.end('SIGTERM');
    await this.#bfdd?.end('SIGTERM');
    await this.#zebra.end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#bgpd.end('SIGKILL');
    await this.#bfdd?.end('SIGKILL');
    await this.#zebra.end('SIGKILL');
  }

  async established(): Promise<boolean> {
    return (await this.#neighbourText()).includes('"bgpState":"Established"');
  }

  async routes(family: AddressFamily): Promise<readonly SeenRoute[]> {
    const name = family === 'ipv4-unicast' ? 'ipv4' : 'ipv6';
    const text = await this.#show(`bgp ${name} unicast json detail`);
    const { routes = {} } = JSON.parse(text || '{}') as { routes?: Record<string, FrrPath[] | { paths: FrrPath[] }> };
    const [{ address }] = this.#setup.neighbours;
    return Object.entries(routes).flatMap(([prefix, entry]) =>
      (Array.isArray(entry) ? entry : entry.paths)
        .filter(({ peer }) => peer?.peerId === address)
        .map((path) => seen(prefix, path)),
    );
  }

  async announce(routes: readonly Route[]): Promise<void> {
    for (const route of routes) this.#routes.set(route.prefix, route);
    await this.#configure(routes.flatMap((route) => network(route)));
  }

  async withdraw(prefixes: readonly string[]): Promise<void> {
    for (const prefix of prefixes) this.#routes.delete(prefix);
    await this.#configure(prefixes.flatMap((prefix) => inFamily(prefix, [`no network ${prefix}`])));
  }

  async askRefresh(): Promise<void> {
    await this.#tell(`clear bgp ${this.#setup.neighbours[0].address} soft in`);
  }

  async shutdown(text: string): Promise<string> {
    await this.#configure([`neighbor ${this.#setup.neighbours[0].address} shutdown message ${text}`]);
    return text;
  }

  async bfd(): Promise<boolean> {
    const [{ address }] = this.#setup.neighbours;
    const peers = JSON.parse((await this.#ask('bfdd', 'show bfd peers json')) || '[]') as readonly FrrBfdPeer[];
    return peers.some(({ peer, status }) => peer === address && status === 'up');
  }

  async sessionText(): Promise<string> {
    return `${await this.#show(`bgp neighbors ${this.#setup.neighbours[0].address} json`)}\n${this.#bgpd.log}`;
  }

  async #neighbourText(): Promise<string> {
    return (await this.#show(`bgp neighbors ${this.#setup.neighbours[0].address} json`)).replaceAll(/\s+/g, '');
  }

  /** Lines within `router bgp`, while it runs; else the next start has them. */
  async #configure(lines: readonly string[]): Promise<void> {
    if (!this.#bgpd.running) return;
    await this.#tell('configure terminal', `router bgp ${this.#setup.asn}`, ...lines);
  }

  #config(): string {
    const { asn, routerId, neighbours } = this.#setup;
    const { longLivedStaleTime } = neighbours[0];
    const restarts = neighbours.some(({ restartTime }) => restartTime !== undefined);
    const routes = [...this.#routes.values()];
    return `log stdout
router bgp ${asn}
bgp router-id ${routerId}
no bgp ebgp-requires-policy
no bgp default ipv4-unicast
no bgp network import-check
bgp log-neighbor-changes
${restarts ? `bgp graceful-restart\nbgp graceful-restart preserve-fw-state\nbgp graceful-restart restart-time ${neighbours[0].restartTime}` : ''}
${longLivedStaleTime === undefined ? '' : `bgp long-lived-graceful-restart stale-time ${longLivedStaleTime}`}
${neighbours.map(session).join('\n')}
${routes.flatMap(network).join('\n')}
exit
${routes.map(routeMap).join('\n')}
`;
  }

  #common(name: string): string[] {
    const { directory } = this.#place;
    return [
      ...['-f', `${directory}/${name}.conf`, '-i', `${directory}/${name}.pid`],
      ...['--vty_socket', directory, '-z', `${directory}/zserv.api`, '-P', '0', '--log', 'stdout'],
    ];
  }

  #show(what: string): Promise<string> {
    return this.#ask('bgpd', `show ${what}`);
  }

  #ask(daemon: string, command: string): Promise<string> {
    return ask(this.#place, ['vtysh', '--vty_socket', this.#place.directory, '-d', daemon, '-c', command]);
  }

  #tell(...commands: readonly string[]): Promise<string> {
    const each = commands.flatMap((command) => ['-c', command]);
    return run(this.#place, ['vtysh', '--vty_socket', this.#place.directory, '-d', 'bgpd', ...each]);
  }
}

interface FrrBfdPeer {
  readonly peer: string;
  readonly status: string;
}

interface FrrPath {
  readonly peer?: { readonly peerId: string };
  readonly nexthops?: readonly { readonly ip: string; readonly scope?: string }[];
  readonly community?: { readonly list: readonly string[] };
  readonly extendedCommunity?: { readonly string: string };
  readonly largeCommunity?: { readonly list: readonly string[] };
}

function seen(prefix: string, path: FrrPath): SeenRoute {
  const [, octets] = /\bLB:\d+:(\d+)/.exec(path.extendedCommunity?.string ?? '') ?? [];
  return {
    ...(octets !== undefined && { linkBandwidth: Number(octets) / OCTETS }),
    prefix,
    nextHop: (path.nexthops?.find(({ scope }) => scope !== 'link-local') ?? path.nexthops?.[0])?.ip ?? '',
    communities: (path.community?.list ?? []).map((text) => (text === 'gracefulShutdown' ? '65535:0' : text)),
    extendedCommunities: (path.extendedCommunity?.string ?? '')
      .split(' ')
      .filter((text) => text !== '')
      .map((text) => text.replace('RT', 'rt').replace('SoO', 'soo')),
    largeCommunities: path.largeCommunity?.list ?? [],
  };
}

function session({ address, asn, families, ...more }: Neighbour): string {
  const { passive, password, holdTime, addPath, extendedNextHop, role, interface: link, bfd } = more;
  const one = `neighbor ${address}`;
  const activated = families.map(
    (family) => `address-family ${family === 'ipv4-unicast' ? 'ipv4' : 'ipv6'} unicast
${one} activate
${addPath === 'send' ? `${one} addpath-tx-all-paths` : ''}
exit-address-family`,
  );
  return `${one} remote-as ${asn}
${link === undefined ? '' : `${one} interface ${link}`}
${one} timers ${Math.floor(holdTime / 3)} ${holdTime}
${one} timers connect 1
${one} advertisement-interval 0
${passive ? `${one} passive` : ''}
${password === undefined ? '' : `${one} password ${password}`}
${role === undefined ? '' : `${one} local-role ${role}`}
${bfd === undefined ? '' : `${one} bfd ${BFD_MULTIPLIER} ${BFD_INTERVAL} ${BFD_INTERVAL}`}
${bfd === 'several' ? `${one} ebgp-multihop` : ''}
${extendedNextHop ? `${one} capability extended-nexthop` : ''}
${activated.join('\n')}`;
}

function network(route: Route): string[] {
  return inFamily(route.prefix, [`network ${route.prefix}${marked(route) ? ` route-map ${nameOf(route)}` : ''}`]);
}

function inFamily(prefix: string, lines: readonly string[]): string[] {
  return [`address-family ${prefix.includes(':') ? 'ipv6' : 'ipv4'} unicast`, ...lines, 'exit-address-family'];
}

function routeMap(route: Route): string {
  if (!marked(route)) return '';
  const { communities = [], extendedCommunities = [], largeCommunities = [] } = route;
  return [
    `route-map ${nameOf(route)} permit 10`,
    communities.length > 0 ? ` set community ${communities.join(' ')}` : '',
    ...extendedCommunities.map((text) => ` set extcommunity ${text.replace(':', ' ')}`),
    route.linkBandwidth === undefined ? '' : ` set extcommunity bandwidth ${route.linkBandwidth}`,
    largeCommunities.length > 0 ? ` set large-community ${largeCommunities.join(' ')}` : '',
    'exit',
  ].join('\n');
}

function marked(route: Route): boolean {
  return [route.communities, route.extendedCommunities, route.largeCommunities, route.linkBandwidth].some(
    (list) => list !== undefined,
  );
}

function nameOf({ prefix }: Route): string {
  return `to-${prefix.replaceAll(/[./:]/g, '-')}`;
}
