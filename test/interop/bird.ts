import { rmSync, writeFileSync } from 'node:fs';
import type { AddressFamily } from 'bgp-speaker-ts';
import { ask, DaemonProcess, run } from './daemon-process.ts';
import {
  BFD_INTERVAL,
  BFD_MULTIPLIER,
  floatOf,
  megabitsOf,
  type Neighbour,
  type Peer,
  type PeerKind,
  type Place,
  type Route,
  type SeenRoute,
  type Setup,
} from './peer.ts';

export const bird: PeerKind = {
  name: 'BIRD',
  program: '/usr/sbin/bird',
  debianPackage: 'bird2',
  waitsForOpen: true,
  propagates: true,
  lacks: {},
  create: (setup, place) => new Bird(setup, place),
};

class Bird implements Peer {
  readonly #setup: Setup;
  readonly #place: Place;
  readonly #process: DaemonProcess;
  readonly #routes: Map<string, Route>;
  #started = false;

  constructor(setup: Setup, place: Place) {
    this.#setup = setup;
    this.#place = place;
    this.#process = new DaemonProcess(place, 'bird');
    this.#routes = new Map(setup.routes.map((route) => [route.prefix, route]));
  }

  async start(): Promise<void> {
    this.#configure();
    rmSync(this.#socket, { force: true });
    const recovery = this.#started ? ['-R'] : [];
    this.#started = true;
    this.#process.start([bird.program, '-f', ...recovery, '-c', this.#config, '-s', this.#socket]);
    await this.#process.answers(async () => (await this.#ask('show status')).includes('Daemon is up'));
  }

  stop(): Promise<void> {
    return this.#process.end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  async established(): Promise<boolean> {
    return /BGP state:\s+Established/.test(await this.#ask('show protocols all n0'));
  }

  async routes(family: AddressFamily): Promise<readonly SeenRoute[]> {
    const table = family === 'ipv4-unicast' ? 'master4' : 'master6';
    const lines = (await this.#ask(`show route table ${table} protocol n0 all`)).split('\n');
    const blocks: string[][] = [];
    let prefix = '';
    for (const line of lines) {
      const first = /^(\S*\/\d+)?\s+unicast \[|^(\S*\/\d+)?\s+unreachable \[/.exec(line);
      if (first) {
        prefix = first[1] ?? first[2] ?? prefix;
        blocks.push([prefix]);
      } else blocks.at(-1)?.push(line);
    }
    return blocks.map(([of, ...rest]) => seen(of, rest.join('\n')));
  }

  announce(routes: readonly Route[]): Promise<void> {
    for (const route of routes) this.#routes.set(route.prefix, route);
    return this.#reconfigure();
  }

  withdraw(prefixes: readonly string[]): Promise<void> {
    for (const prefix of prefixes) this.#routes.delete(prefix);
    return this.#reconfigure();
  }

  async askRefresh(): Promise<void> {
    await this.#tell('reload in n0');
  }

  async shutdown(text: string): Promise<string> {
    await this.#tell(`disable n0 "${text}"`);
    return text;
  }

  async bfd(): Promise<boolean> {
    const [{ address }] = this.#setup.neighbours;
    return (await this.#ask('show bfd sessions'))
      .split('\n')
      .some((line) => line.startsWith(address) && / Up /.test(line));
  }

  async sessionText(): Promise<string> {
    return `${await this.#ask('show protocols all')}\n${this.#process.log}`;
  }

  async #reconfigure(): Promise<void> {
    this.#configure();
    if (this.#process.running) await this.#tell('configure');
  }

  #configure(): void {
    const { routerId, neighbours, asn } = this.#setup;
    writeFileSync(
      this.#config,
      `router id ${routerId};
log stderr all;
graceful restart wait 20;
protocol device { scan time 1; }
${neighbours.some(({ bfd }) => bfd) ? BFD : ''}
${statics([...this.#routes.values()])}
${neighbours.map((neighbour, index) => session(asn, neighbour, index)).join('\n')}
`,
    );
  }

  get #config(): string {
    return `${this.#place.directory}/bird.conf`;
  }

  get #socket(): string {
    return `${this.#place.directory}/bird.ctl`;
  }

  #ask(command: string): Promise<string> {
    return ask(this.#place, ['birdc', '-s', this.#socket, ...command.split(' ')]);
  }

  #tell(command: string): Promise<string> {
    const words = command.match(/"[^"]*"|\S+/g) ?? [];
    return run(this.#place, ['birdc', '-s', this.#socket, ...words]);
  }
}

const TIMES = `{ interval ${BFD_INTERVAL} ms; multiplier ${BFD_MULTIPLIER}; }`;
const BFD = `protocol bfd { interface "*" ${TIMES}; multihop ${TIMES}; }`;

function session(asn: number, neighbour: Neighbour, index: number): string {
  const {
    address,
    localAddress,
    interface: link,
    passive,
    password,
    holdTime,
    addPath,
    restartTime,
    extendedNextHop,
  } = neighbour;
  const paths = addPath === undefined ? '' : `add paths ${addPath === 'send' ? 'tx' : 'rx'};`;
  const channels = neighbour.families.map(
    (family) =>
      `  ${family === 'ipv4-unicast' ? 'ipv4' : 'ipv6'} { import all; export all; next hop self; ${paths}
    ${extendedNextHop && family === 'ipv4-unicast' ? 'extended next hop yes;' : ''} };`,
  );
  return `protocol bgp n${index} {
  local ${localAddress} port 179 as ${asn};
  neighbor ${address}${link === undefined ? '' : `%${link}`} port 179 as ${neighbour.asn};
  ${neighbour.bfd === 'several' ? 'multihop' : 'direct'};
  ${neighbour.bfd === undefined ? '' : 'bfd on;'}
  strict bind yes;
  passive ${passive ? 'yes' : 'no'};
  hold time ${holdTime};
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  ${password === undefined ? '' : `password "${password}";`}
  ${neighbour.role === undefined ? '' : `local role ${neighbour.role};`}
  graceful restart ${restartTime === undefined ? 'off' : `yes; graceful restart time ${restartTime}`};
  ${neighbour.longLivedStaleTime === undefined ? '' : `long lived graceful restart yes; long lived stale time ${neighbour.longLivedStaleTime};`}
${channels.join('\n')}
}`;
}

function statics(routes: readonly Route[]): string {
  const of = (wanted: 'ipv4' | 'ipv6'): string =>
    routes
      .filter(({ prefix }) => prefix.includes(':') === (wanted === 'ipv6'))
      .map((route) => `  route ${route.prefix} blackhole { ${attributes(route)} };\n`)
      .join('');
  return `protocol static { ipv4;\n${of('ipv4')}}\nprotocol static { ipv6;\n${of('ipv6')}}`;
}

function attributes(route: Route): string {
  const { communities = [], extendedCommunities = [], largeCommunities = [], linkBandwidth } = route;
  return [
    ...(linkBandwidth === undefined
      ? []
      : [`bgp_ext_community.add((generic, ${LINK_BANDWIDTH}, ${floatOf(linkBandwidth)}));`]),
    ...communities.map((text) => `bgp_community.add((${text.replace(':', ',')}));`),
    ...extendedCommunities.map((text) => `bgp_ext_community.add((${text.replaceAll(':', ',')}));`),
    ...largeCommunities.map((text) => `bgp_large_community.add((${text.replaceAll(':', ',')}));`),
  ].join(' ');
}

/** The first half of a Link Bandwidth community: not transitive, of AS 65000. */
const LINK_BANDWIDTH = '0x4004fde8';

function seen(prefix: string, text: string): SeenRoute {
  const list = (name: string): string[] =>
    [...(new RegExp(`BGP\\.${name}: (.*)`).exec(text)?.[1] ?? '').matchAll(/\(([^)]*)\)/g)].map(([, inside]) =>
      inside.replaceAll(/,\s*/g, ':'),
    );
  const [, float] = /\(unknown 0x(?:400)?4, \d+, (\d+)\)/.exec(text) ?? [];
  return {
    ...(float !== undefined && { linkBandwidth: megabitsOf(float) }),
    prefix,
    nextHop: /BGP\.next_hop: (?::: )?(\S+)/.exec(text)?.[1] ?? '',
    communities: list('community'),
    extendedCommunities: list('ext_community'),
    largeCommunities: list('large_community'),
  };
}
