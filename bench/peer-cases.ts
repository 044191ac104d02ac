import { now } from './arrivals.ts';
import { pause } from './process.ts';
import { announcements, withdrawals } from './raw-bgp.ts';
import type { RawPeer } from './raw-peer.ts';
import type { Neighbour, Outcome, Swarm } from './swarm.ts';

/** The autonomous system of the daemon, and those of senders and receivers outside. */
export const AS = { daemon: 64512, sender: 64513, receiver: 64514 } as const;

/** What a case finds out, apart from what is lost on the way. */
type Finding = Omit<Outcome, 'drops'>;

export interface PeerCase {
  readonly title: string;
  /** What is compared: a time, sessions that hold, or the daemon's growth by each path. */
  readonly measures: 'time' | 'flaps' | 'memory';
  /** Seconds after which a daemon is given up: for its sessions to come up, and for what is measured. */
  readonly limit: number;
  readonly holdTime: number;
  readonly neighbours: readonly Neighbour[];
  /** Paths that the daemon's growth is to be divided by. */
  readonly paths?: number;
  run(swarm: Swarm): Promise<Finding>;
}

/** `172.20.0.1` and so on: all of them addresses of the peers' end. */
function address(number: number): string {
  return `172.20.${1 + (number >> 8)}.${number & 255}`;
}

function many(count: number, first: number, asn: number): Neighbour[] {
  return Array.from({ length: count }, (_, at) => ({ address: address(first + at), asn }));
}

const SENDER: Neighbour = { address: address(1), asn: AS.sender };
const RECEIVER: Neighbour = { address: address(2), asn: AS.receiver };

/** The measurements; `scale` below 1 makes them small, to see that they work. */
export function peerCases(scale: number): Readonly<Record<string, PeerCase>> {
  const scaled = (count: number): number => Math.max(2, Math.round(count * scale));
  const routes = scaled(100_000);
  const paths = scaled(1_000_000);
  const senders = many(scaled(100), 10, AS.sender);
  const mesh = many(scaled(256), 10, AS.daemon);
  const dialling = many(scaled(500), 10, AS.daemon);
  const told = many(scaled(200), 10, AS.daemon);
  return {
    hop: {
      title: `${routes} routes through one hop`,
      measures: 'time',
      limit: 20,
      holdTime: 90,
      neighbours: [SENDER, RECEIVER],
      run: (swarm) => spread(swarm, [SENDER], [RECEIVER], routes),
    },
    withdrawn: {
      title: `${routes} routes withdrawn through one hop`,
      measures: 'time',
      limit: 20,
      holdTime: 90,
      neighbours: [SENDER, RECEIVER],
      run: (swarm) => takenBack(swarm, routes),
    },
    fan: {
      title: `${senders.length} peers × 1000 routes to one`,
      measures: 'time',
      limit: 20,
      holdTime: 90,
      neighbours: [RECEIVER, ...senders],
      run: (swarm) => spread(swarm, senders, [RECEIVER], 1000),
    },
    mesh: {
      title: `${routes} routes to ${mesh.length} mesh peers`,
      measures: 'time',
      limit: 20,
      holdTime: 90,
      neighbours: [SENDER, ...mesh],
      run: (swarm) => spread(swarm, [SENDER], mesh, routes),
    },
    dial: {
      title: `${dialling.length} peers dial at once, 4 routes each`,
      measures: 'time',
      limit: 20,
      holdTime: 90,
      neighbours: [RECEIVER, ...dialling],
      run: (swarm) => dialAtOnce(swarm, dialling),
    },
    hold: {
      title: `${dialling.length} peers with hold time 3 s, ${routes} routes churning and listed again and again, 10 s`,
      measures: 'flaps',
      limit: 20,
      holdTime: 3,
      neighbours: [SENDER, ...dialling],
      run: (swarm) => churn(swarm, dialling, routes),
    },
    change: {
      title: `one change to ${told.length} peers, p99`,
      measures: 'time',
      limit: 20,
      holdTime: 90,
      neighbours: [SENDER, ...told],
      run: (swarm) => changes(swarm, told),
    },
    memory: {
      title: `${paths} paths from one peer, memory for each`,
      measures: 'memory',
      limit: 20,
      holdTime: 90,
      neighbours: [SENDER],
      paths,
      run: (swarm) => load(swarm, paths),
    },
  };
}

/** Milliseconds for which a daemon is left alone after its sessions came up: End-of-RIB and the like. */
const SETTLE = 1000;
/** The same after very many routes, which a router writes to its kernel meanwhile. */
const DONE = 3000;

/** `senders` announce `each` prefixes, all at once; measured until the last receiver has the last one. */
async function spread(
  swarm: Swarm,
  from: readonly Neighbour[],
  to: readonly Neighbour[],
  each: number,
): Promise<Finding> {
  const [senders, receivers] = [swarm.peers(from), swarm.peers(to)];
  const messages = senders.map(({ options }, at) =>
    announcements(at * each, each, { nextHop: options.address, asPath: [options.asn] }),
  );
  await swarm.up([...senders, ...receivers]);
  await pause(SETTLE);
  const began = swarm.begin();
  for (const [at, sender] of senders.entries()) sender.write(messages[at]);
  const all = each * senders.length;
  const least = () => Math.min(...receivers.map(({ announced }) => announced));
  await swarm.reach(all, 'routes with the last of them', least);
  return { milliseconds: Math.max(...receivers.map(({ heardAt }) => heardAt)) - began };
}

/** Measured until the receiver has lost the last one; the daemon has had time to be done with what was announced. */
async function takenBack(swarm: Swarm, routes: number): Promise<Finding> {
  const [sender, receiver] = swarm.peers([SENDER, RECEIVER]);
  const { address: nextHop, asn } = SENDER;
  await swarm.up([sender, receiver]);
  sender.write(announcements(0, routes, { nextHop, asPath: [asn] }));
  await swarm.reach(routes, 'routes', () => receiver.announced);
  await pause(DONE);
  const messages = withdrawals(0, routes);
  const began = swarm.begin();
  sender.write(messages);
  await swarm.reach(routes, 'routes, withdrawn', () => receiver.withdrawn);
  return { milliseconds: receiver.heardAt - began };
}

/** Until all are up and an external peer has heard of all their routes. */
async function dialAtOnce(swarm: Swarm, mesh: readonly Neighbour[]): Promise<Finding> {
  const [receiver] = swarm.peers([RECEIVER]);
  await swarm.up([receiver]);
  const peers = swarm.peers(mesh);
  for (const [at, peer] of peers.entries()) {
    const routes = announcements(at * 4, 4, { nextHop: peer.options.address, asPath: [] });
    peer.onUp = () => peer.write(routes);
  }
  const began = swarm.begin();
  await swarm.up(peers, peers.length);
  await swarm.reach(peers.length * 4, 'routes, of all sessions', () => receiver.announced);
  return { milliseconds: performance.now() - began };
}

/** What counts is how many sessions are lost. */
async function churn(swarm: Swarm, mesh: readonly Neighbour[], routes: number): Promise<Finding> {
  const [sender] = swarm.peers([SENDER]);
  const receivers = swarm.peers(mesh);
  const announce = announcements(0, routes, { nextHop: SENDER.address, asPath: [SENDER.asn] });
  const withdraw = withdrawals(0, routes);
  await swarm.up([sender, ...receivers]);
  const before = swarm.flaps;
  const began = swarm.begin();
  for (let turn = 0; performance.now() - began < 10_000; turn++) {
    sender.write(turn % 2 === 0 ? announce : withdraw);
    await pause(1000);
  }
  const told = receivers.reduce((sum, { announced }) => sum + announced, 0);
  const flaps = swarm.flaps - before;
  const text = flaps === 0 ? 'no flap' : `${flaps} flaps`;
  return { milliseconds: 0, detail: `${text}, ${(told / 1e6).toFixed(1)} M routes told` };
}

/** Changes that are counted, and those before them that are not: every daemon is warm then. */
const CHANGES = 200;
const WARMING = 50;
/** Milliseconds after a change in which nobody looks: the peers use no processor then. */
const UNDISTURBED = 25;

/**
 * The 99th percentile over all changes and peers, of the time from just before a change is written to its arrival in
 * the kernel of each peer.
 */
async function changes(swarm: Swarm, mesh: readonly Neighbour[]): Promise<Finding> {
  const [sender] = swarm.peers([SENDER]);
  const receivers = swarm.peers(mesh);
  await swarm.up([sender, ...receivers]);
  for (const receiver of receivers) receiver.leaveUnread();
  await pause(SETTLE);
  for (const receiver of receivers) receiver.arrived();
  const took: number[] = [];
  for (let turn = 0; turn < WARMING + CHANGES; turn++) {
    const message = announcements(0, 1, { nextHop: SENDER.address, asPath: [SENDER.asn], med: turn });
    if (turn === WARMING) swarm.begin();
    const began = now();
    sender.write(message);
    const times = await arrivalsAt(swarm, receivers);
    if (turn >= WARMING) took.push(...times.map((at) => at - began));
  }
  took.sort((a, b) => a - b);
  const percentile = (part: number): number => took[Math.floor(took.length * part)];
  return { milliseconds: percentile(0.99), detail: `p50 ${percentile(0.5).toFixed(1)} ms` };
}

/** When the next bytes came to each. */
async function arrivalsAt(swarm: Swarm, receivers: readonly RawPeer[]): Promise<readonly number[]> {
  const waiting = new Set(receivers);
  const times: number[] = [];
  const look = (): number => {
    for (const receiver of waiting) {
      const at = receiver.arrived();
      if (at === undefined) continue;
      times.push(at);
      waiting.delete(receiver);
    }
    return times.length;
  };
  await swarm.reach(receivers.length, 'peers told', look, UNDISTURBED);
  return times;
}

/** The daemon's memory is looked at when it has come to rest. */
async function load(swarm: Swarm, paths: number): Promise<Finding> {
  const [sender] = swarm.peers([SENDER]);
  const message = announcements(0, paths, { nextHop: SENDER.address, asPath: [SENDER.asn] });
  await swarm.up([sender]);
  await pause(SETTLE);
  swarm.begin();
  await sender.writeAll(message);
  return { milliseconds: 0 };
}
