import { announcements, withdrawals } from './raw-bgp.ts';
import { RawPeer } from './raw-peer.ts';

/** Who the daemon's neighbours are in a case. */
export interface Neighbour {
  readonly address: string;
  readonly asn: number;
}

/** The autonomous system of the daemon, and those of senders and receivers outside. */
export const AS = { daemon: 64512, sender: 64513, receiver: 64514 } as const;
export const DAEMON = '172.20.255.1';

export interface Outcome {
  /** Of what the case measures; undefined when it took longer than it may. */
  readonly milliseconds: number | undefined;
  readonly drops: number;
}

export interface PeerCase {
  readonly title: string;
  readonly unit: 'ms' | 's';
  /** Rounds to take the median of. */
  readonly rounds: number;
  /** Seconds after which a daemon is given up. */
  readonly limit: number;
  readonly holdTime: number;
  readonly neighbours: readonly Neighbour[];
  /** Something lists all routes again and again while it runs. */
  readonly listing?: boolean;
  /** Paths that the daemon's growth is to be divided by. */
  readonly paths?: number;
  run(swarm: Swarm): Promise<Outcome>;
}

/** `172.20.0.1` and so on: all of them addresses of the peers' end. */
function address(number: number): string {
  return `172.20.${1 + (number >> 8)}.${number & 255}`;
}

function many(count: number, first: number, asn: number): Neighbour[] {
  return Array.from({ length: count }, (_, at) => ({ address: address(first + at), asn }));
}

/** The peers of a case, in one process with one clock. */
export class Swarm {
  readonly #holdTime: number;
  readonly #limit: number;
  readonly #peers: RawPeer[] = [];

  constructor({ holdTime, limit }: PeerCase) {
    this.#holdTime = holdTime;
    this.#limit = limit * 1000;
    setInterval(
      () => {
        for (const peer of this.#peers) peer.keepalive();
      },
      (holdTime * 1000) / 3,
    ).unref();
  }

  peers(neighbours: readonly Neighbour[]): RawPeer[] {
    const made = neighbours.map(
      ({ address, asn }) => new RawPeer({ daemon: DAEMON, address, asn, holdTime: this.#holdTime }),
    );
    this.#peers.push(...made);
    return made;
  }

  /** Has all dial and waits until all are up. */
  async up(peers: readonly RawPeer[]): Promise<boolean> {
    for (const peer of peers) peer.dial();
    return this.until(() => peers.every(({ isUp }) => isUp));
  }

  /** False when it does not come true in time. */
  async until(condition: () => boolean): Promise<boolean> {
    const end = performance.now() + this.#limit;
    while (!condition()) {
      if (performance.now() > end) return false;
      await pause(2);
    }
    return true;
  }

  get drops(): number {
    return this.#peers.reduce((sum, { drops }) => sum + drops, 0);
  }

  outcome(milliseconds: number | undefined): Outcome {
    return { milliseconds, drops: this.drops };
  }

  end(): void {
    for (const peer of this.#peers) peer.end();
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Milliseconds for which a daemon is left alone after its sessions came up: End-of-RIB and the like. */
const SETTLE = 1000;

/** `senders` announce `each` prefixes, all at once; measured until the last receiver has the last one. */
async function spread(
  swarm: Swarm,
  from: readonly Neighbour[],
  to: readonly Neighbour[],
  each: number,
): Promise<Outcome> {
  const [senders, receivers] = [swarm.peers(from), swarm.peers(to)];
  const messages = senders.map(({ options }, at) =>
    announcements(at * each, each, { nextHop: options.address, asPath: [options.asn] }),
  );
  if (!(await swarm.up([...senders, ...receivers]))) return swarm.outcome(undefined);
  await pause(SETTLE);
  const began = performance.now();
  for (const [at, sender] of senders.entries()) sender.write(messages[at]);
  const all = each * senders.length;
  if (!(await swarm.until(() => receivers.every(({ announced }) => announced >= all)))) return swarm.outcome(undefined);
  return swarm.outcome(Math.max(...receivers.map(({ heardAt }) => heardAt)) - began);
}

const SENDER: Neighbour = { address: address(1), asn: AS.sender };
const RECEIVER: Neighbour = { address: address(2), asn: AS.receiver };

/** The measurements; `scale` below 1 makes them small, to see that they work. */
export function peerCases(scale: number): Readonly<Record<string, PeerCase>> {
  const scaled = (count: number): number => Math.max(2, Math.round(count * scale));
  const routes = scaled(100_000);
  const [senders, mesh, dialling, told] = [scaled(100), scaled(256), scaled(500), scaled(200)];
  return {
    hop: {
      title: `${routes} routes through one hop`,
      unit: 'ms',
      rounds: 3,
      limit: 20,
      holdTime: 90,
      neighbours: [SENDER, RECEIVER],
      run: (swarm) => spread(swarm, [SENDER], [RECEIVER], routes),
    },
    fan: {
      title: `${senders} peers × 1000 routes to one`,
      unit: 'ms',
      rounds: 2,
      limit: 20,
      holdTime: 90,
      neighbours: [RECEIVER, ...many(senders, 10, AS.sender)],
      run: (swarm) => spread(swarm, many(senders, 10, AS.sender), [RECEIVER], 1000),
    },
    mesh: {
      title: `${routes} routes to ${mesh} mesh peers`,
      unit: 'ms',
      rounds: 2,
      limit: 15,
      holdTime: 90,
      neighbours: [SENDER, ...many(mesh, 10, AS.daemon)],
      run: (swarm) => spread(swarm, [SENDER], many(mesh, 10, AS.daemon), routes),
    },
    dial: {
      title: `${dialling} peers dial at once, 4 routes each`,
      unit: 's',
      rounds: 1,
      limit: 20,
      holdTime: 90,
      neighbours: [RECEIVER, ...many(dialling, 10, AS.daemon)],
      run: (swarm) => dialAtOnce(swarm, many(dialling, 10, AS.daemon)),
    },
    hold: {
      title: `${dialling} peers, hold time 3 s, ${routes} routes churning, routes listed: 10 s`,
      unit: 's',
      rounds: 1,
      limit: 30,
      holdTime: 3,
      listing: true,
      neighbours: [SENDER, ...many(dialling, 10, AS.daemon)],
      run: (swarm) => churn(swarm, many(dialling, 10, AS.daemon), routes),
    },
    change: {
      title: `one change to ${told} peers, p99`,
      unit: 'ms',
      rounds: 1,
      limit: 20,
      holdTime: 90,
      neighbours: [SENDER, ...many(told, 10, AS.daemon)],
      run: (swarm) => changes(swarm, many(told, 10, AS.daemon)),
    },
    memory: {
      title: `${scaled(1_000_000)} paths from one peer`,
      unit: 's',
      rounds: 1,
      limit: 30,
      holdTime: 90,
      neighbours: [SENDER],
      paths: scaled(1_000_000),
      run: (swarm) => load(swarm, scaled(1_000_000)),
    },
  };
}

/** Until all are up and an external peer has heard of all their routes. */
async function dialAtOnce(swarm: Swarm, mesh: readonly Neighbour[]): Promise<Outcome> {
  const [receiver] = swarm.peers([RECEIVER]);
  if (!(await swarm.up([receiver]))) return swarm.outcome(undefined);
  const peers = swarm.peers(mesh);
  const began = performance.now();
  const up = swarm.up(peers);
  const told = new Set<RawPeer>();
  const finished = swarm.until(() => {
    for (const [at, peer] of peers.entries()) {
      if (!peer.isUp || told.has(peer)) continue;
      told.add(peer);
      peer.write(announcements(at * 4, 4, { nextHop: peer.options.address, asPath: [] }));
    }
    return told.size === peers.length && receiver.announced >= peers.length * 4;
  });
  const inTime = (await up) && (await finished);
  return swarm.outcome(inTime ? performance.now() - began : undefined);
}

/** What counts is `drops`; the time is the part of ten seconds that the churn took to be digested. */
async function churn(swarm: Swarm, mesh: readonly Neighbour[], routes: number): Promise<Outcome> {
  const [sender] = swarm.peers([SENDER]);
  const receivers = swarm.peers(mesh);
  const announce = announcements(0, routes, { nextHop: SENDER.address, asPath: [SENDER.asn] });
  const withdraw = withdrawals(0, routes);
  if (!(await swarm.up([sender, ...receivers]))) return swarm.outcome(undefined);
  const began = performance.now();
  for (let turn = 0; performance.now() - began < 10_000; turn++) {
    sender.write(turn % 2 === 0 ? announce : withdraw);
    await pause(1000);
  }
  return swarm.outcome(performance.now() - began);
}

/** The 99th percentile over all changes and peers, of the time from writing a change to hearing of it. */
async function changes(swarm: Swarm, mesh: readonly Neighbour[]): Promise<Outcome> {
  const [sender] = swarm.peers([SENDER]);
  const receivers = swarm.peers(mesh);
  if (!(await swarm.up([sender, ...receivers]))) return swarm.outcome(undefined);
  await pause(SETTLE);
  const took: number[] = [];
  let began = 0;
  let heard = 0;
  for (const receiver of receivers) {
    receiver.onUpdate = () => {
      took.push(receiver.heardAt - began);
      heard++;
    };
  }
  for (let turn = 0; turn < 100; turn++) {
    const message = announcements(0, 1, { nextHop: SENDER.address, asPath: [SENDER.asn], med: turn });
    heard = 0;
    began = performance.now();
    sender.write(message);
    if (!(await swarm.until(() => heard >= receivers.length))) return swarm.outcome(undefined);
    await pause(5);
  }
  took.sort((a, b) => a - b);
  return swarm.outcome(took[Math.floor(took.length * 0.99)]);
}

/** The daemon's memory is looked at when it has come to rest. */
async function load(swarm: Swarm, paths: number): Promise<Outcome> {
  const [sender] = swarm.peers([SENDER]);
  const message = announcements(0, paths, { nextHop: SENDER.address, asPath: [SENDER.asn] });
  if (!(await swarm.up([sender]))) return swarm.outcome(undefined);
  await pause(SETTLE);
  sender.write(message);
  await pause(0);
  return swarm.outcome(0);
}
