import { type Cancel, type Clock, same } from '../base/index.ts';
import { answerTo, decodeProbe } from './probe-packet.ts';
import { type PathSample, type PathWay, Prober } from './prober.ts';
import { type PathSockets, UdpSockets } from './transport/index.ts';

/** The ways to probe, and the addresses to answer. */
export interface PathPlan {
  /** Addresses of this node that others may probe. */
  readonly own: readonly string[];
  /** Addresses of nodes: nobody else is answered. */
  readonly known: readonly string[];
  readonly ways: readonly PathWay[];
}

export interface PathEnvironment {
  readonly clock: Clock;
  /** Milliseconds from round to round. */
  readonly interval: number;
  /** UDP port of all nodes. */
  readonly port: number;
  /** Octets of the largest packet that pods send; undefined: not known yet. */
  readonly podMtu: () => number | undefined;
  /** A number that tells this life from the last one. */
  readonly session: number;
  /** Milliseconds from a small packet to its answer. */
  readonly onRoundTrip: (way: PathWay, milliseconds: number) => void;
  /** A way is probed no more. */
  readonly onGone: (way: PathWay) => void;
  /** Default: UDP of this host. */
  readonly sockets?: (received: PathReceiver, port: number) => PathSockets;
}

/** Takes a payload that came to an address of ours. */
type PathReceiver = (payload: Uint8Array, local: string, remote: string) => void;

/** Probes other nodes round by round, and answers theirs. */
export class PathProbes {
  readonly #environment: PathEnvironment;
  readonly #prober: Prober;
  readonly #sockets: PathSockets;
  #plan: PathPlan = { own: [], known: [], ways: [] };
  #known: ReadonlySet<string> = new Set();
  #cancel: Cancel | undefined;

  constructor(environment: PathEnvironment) {
    this.#environment = environment;
    this.#prober = new Prober(environment.session);
    const sockets = environment.sockets ?? ((received, port) => new UdpSockets(received, port));
    this.#sockets = sockets((payload, local, remote) => this.#received(payload, local, remote), environment.port);
  }

  /** The first round comes when the first plan's sockets have had time to be there. */
  follow(plan: PathPlan): void {
    if (plan !== this.#plan) {
      const before = this.#prober.ways;
      this.#plan = plan;
      this.#known = new Set(plan.known);
      this.#prober.follow(plan.ways);
      const now = this.#prober.ways;
      for (const way of before) if (!now.some((one) => same(one, way))) this.#environment.onGone(way);
      this.#sockets.bind(plan.own);
    }
    this.#cancel ??= this.#later();
  }

  samples(): readonly PathSample[] {
    return this.#prober.samples();
  }

  /** Addresses of ours that can't be probed, or probe, with why. */
  problems(): readonly string[] {
    return this.#sockets.problems();
  }

  stop(): void {
    this.#cancel?.();
    this.#sockets.close();
  }

  #later(): Cancel {
    return this.#environment.clock.after(this.#environment.interval, () => this.#round());
  }

  #round(): void {
    this.#cancel = this.#later();
    const { clock, podMtu } = this.#environment;
    const probes = this.#prober.round(clock.now(), podMtu());
    for (const { way, payload } of probes) this.#sockets.send(way.local, way.remote, payload);
    // An address of ours may come later than it is known of.
    this.#sockets.bind(this.#plan.own);
  }

  #received(payload: Uint8Array, local: string, remote: string): void {
    if (!this.#known.has(remote)) return;
    if (decodeProbe(payload, local.includes(':') ? 6 : 4)?.kind === 'request') {
      this.#sockets.send(local, remote, answerTo(payload));
      return;
    }
    const answer = this.#prober.answered(payload, local, remote, this.#environment.clock.now());
    if (answer !== undefined) this.#environment.onRoundTrip(answer.way, answer.roundTrip);
  }
}
