import type { Cancel, Clock } from '../../base/index.ts';
import { type BfdState, type ControlPacket, DIAGNOSTIC, encodeControlPacket } from '../wire/index.ts';
import { type BfdTimers, idleInterval, jittered } from './intervals.ts';
import { type BfdTransition, onReceived } from './transition.ts';

/** The surroundings that a session needs. */
export interface BfdSurroundings {
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly send: (packet: Uint8Array) => void;
  /** The state, or what was agreed on, is another one. */
  readonly changed: (session: BfdSession, from: BfdState) => void;
  /**
   * Runs `action` when what had arrived by now has been received: a loop that was kept from running must not take
   * packets that wait for it for missing ones.
   */
  readonly caughtUp: (action: () => void) => void;
}

/** Microseconds, as packets have them. */
const MICRO = 1000;

/**
 * One session in asynchronous mode: the variables of RFC 5880 §6.8.1 under their names, and the rules of §6.8.2 to
 * §6.8.7 and §6.8.16. Demand mode is never asked for, but a neighbour that asks for it gets its silence; there is no
 * Echo function, and no authentication. `now` is the clock's, in milliseconds, and so are all intervals.
 */
export class BfdSession {
  readonly localDiscr: number;
  readonly #around: BfdSurroundings;
  #timers: BfdTimers;
  #sessionState: BfdState = 'Down';
  #remoteSessionState: BfdState = 'Down';
  #remoteDiscr = 0;
  #localDiag: number = DIAGNOSTIC.NONE;
  #remoteDiag: number = DIAGNOSTIC.NONE;
  #remoteMinRx = 1 / MICRO;
  #remoteMinTx = 0;
  #remoteMultiplier = 0;
  #remoteDemandMode = false;
  #remoteIndependent = false;
  /**
   * The intervals we send and detect by; both lag behind those asked for while a Poll Sequence tells the neighbour
   * (§6.8.3).
   */
  #usedTx: number;
  #usedRx: number;
  #polling = false;
  /** Something else was to be told while a Poll Sequence was under way. */
  #pollAgain = false;
  #heardAt = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  #interval = 0;
  #cancelSend: Cancel | undefined;
  #cancelDetect: Cancel | undefined;
  /** When silence is looked for next. */
  #lookAt = 0;
  #closed = false;

  /** `localDiscr`: not 0, and of no other session. */
  constructor(localDiscr: number, timers: BfdTimers, around: BfdSurroundings) {
    this.localDiscr = localDiscr;
    this.#around = around;
    this.#timers = timers;
    this.#usedTx = this.#desiredMinTx;
    this.#usedRx = timers.receiveInterval;
  }

  get state(): BfdState {
    return this.#sessionState;
  }

  get remoteState(): BfdState {
    return this.#remoteSessionState;
  }

  get diagnostic(): number {
    return this.#localDiag;
  }

  get remoteDiagnostic(): number {
    return this.#remoteDiag;
  }

  /** C of the neighbour's last packet: its BFD goes on when its control plane restarts. */
  get remoteIndependent(): boolean {
    return this.#remoteIndependent;
  }

  /** Milliseconds between packets of ours before jitter; 0: the neighbour wants none (§6.8.2). */
  get transmitInterval(): number {
    return this.#remoteMinRx === 0 ? 0 : Math.max(this.#usedTx, this.#remoteMinRx);
  }

  /** Milliseconds of silence after which the session goes Down (§6.8.4); 0 before the first packet. */
  get detectionTime(): number {
    return this.#remoteMultiplier * Math.max(this.#usedRx, this.#remoteMinTx);
  }

  /** Begins to send: we take the active role. */
  start(): void {
    this.#transmit();
  }

  /** Other timers for a session that goes on. */
  retime(timers: BfdTimers): void {
    const before = { tx: this.#desiredMinTx, rx: this.#timers.receiveInterval, multiplier: this.#timers.multiplier };
    this.#timers = timers;
    const isOther = this.#desiredMinTx !== before.tx || timers.receiveInterval !== before.rx;
    if (isOther) this.#adopt();
    if (timers.multiplier !== before.multiplier && !isOther) this.#transmit();
    this.#reschedule();
    this.#detect();
  }

  /** Ends it: the neighbour is told that this is meant, and not to be taken for a failure (§6.8.16). */
  close(): void {
    if (this.#closed) return;
    this.#localDiag = DIAGNOSTIC.ADMIN_DOWN;
    this.#sessionState = 'AdminDown';
    this.#polling = false;
    this.#send(false);
    this.#closed = true;
    this.#cancelSend?.();
    this.#cancelDetect?.();
  }

  /** A packet that was found to be for this session: §6.8.6 from there on. */
  receive(packet: ControlPacket): void {
    if (this.#closed) return;
    const agreed = this.#agreed();
    this.#remoteDiscr = packet.myDiscriminator;
    this.#remoteSessionState = packet.state;
    this.#remoteDiag = packet.diagnostic;
    this.#remoteDemandMode = packet.demand;
    this.#remoteIndependent = packet.independent;
    this.#remoteMinRx = packet.requiredMinRx / MICRO;
    this.#remoteMinTx = packet.desiredMinTx / MICRO;
    this.#remoteMultiplier = packet.multiplier;
    this.#heardAt = this.#around.clock.now();
    if (this.#polling && packet.final) this.#answered();
    const from = this.#sessionState;
    const moved = onReceived(from, packet.state);
    if (moved) this.#move(moved);
    if (packet.poll) this.#send(true);
    this.#reschedule();
    this.#detect();
    if (moved || agreed !== this.#agreed()) this.#around.changed(this, from);
  }

  get #desiredMinTx(): number {
    return this.#sessionState === 'Up' ? this.#timers.sendInterval : idleInterval(this.#timers);
  }

  #agreed(): string {
    return `${this.transmitInterval} ${this.detectionTime} ${this.#remoteSessionState}`;
  }

  #move({ to, diagnostic }: BfdTransition): void {
    if (to === 'Up') this.#localDiag = DIAGNOSTIC.NONE;
    if (diagnostic !== undefined) this.#localDiag = diagnostic;
    const wasDesired = this.#desiredMinTx;
    this.#sessionState = to;
    if (this.#desiredMinTx !== wasDesired) this.#adopt();
    // At once: the neighbour waits for it (§6.8.7).
    this.#transmit();
  }

  /** Takes up changed intervals: the neighbour is told, and until it has answered the gentler of both holds. */
  #adopt(): void {
    const isUp = this.#sessionState === 'Up';
    const { receiveInterval } = this.#timers;
    this.#usedTx = isUp ? Math.min(this.#usedTx, this.#desiredMinTx) : this.#desiredMinTx;
    this.#usedRx = isUp ? Math.max(this.#usedRx, receiveInterval) : receiveInterval;
    if (this.#polling) this.#pollAgain = true;
    // Without a neighbour there is nobody to answer.
    this.#polling = this.#remoteDiscr !== 0;
  }

  /** The neighbour knows what we asked for. */
  #answered(): void {
    this.#polling = this.#pollAgain;
    this.#pollAgain = false;
    if (this.#polling) return;
    this.#usedTx = this.#desiredMinTx;
    this.#usedRx = this.#timers.receiveInterval;
  }

  /** Packets that are due from time to time, and now. */
  #transmit(): void {
    if (this.#closed) return;
    this.#send(false);
    this.#interval = this.transmitInterval;
    this.#schedule();
  }

  /** Another interval counts from the last packet on, not from the next. */
  #reschedule(): void {
    if (this.#closed || this.transmitInterval === this.#interval) return;
    this.#interval = this.transmitInterval;
    this.#schedule();
  }

  #schedule(): void {
    this.#cancelSend?.();
    this.#cancelSend = undefined;
    if (this.#interval === 0) return;
    const { clock, random } = this.#around;
    const wait = jittered(this.#interval, random());
    this.#cancelSend = clock.after(Math.max(0, this.#sentAt + wait - clock.now()), () => this.#due());
  }

  #due(): void {
    this.#cancelSend = undefined;
    if (this.#isAskedForSilence) {
      this.#sentAt = this.#around.clock.now();
      this.#schedule();
    } else this.#transmit();
  }

  /** Demand mode of the neighbour (§6.6): while both are Up it hears of us when it polls. */
  get #isAskedForSilence(): boolean {
    const isUp = this.#sessionState === 'Up' && this.#remoteSessionState === 'Up';
    return this.#remoteDemandMode && isUp && !this.#polling;
  }

  #send(final: boolean): void {
    if (this.#closed) return;
    if (!final) this.#sentAt = this.#around.clock.now();
    const packet = encodeControlPacket({
      kind: 'packet',
      diagnostic: this.#localDiag,
      state: this.#sessionState,
      poll: this.#polling && !final,
      final,
      independent: false,
      demand: false,
      multiplier: this.#timers.multiplier,
      myDiscriminator: this.localDiscr,
      yourDiscriminator: this.#remoteDiscr,
      desiredMinTx: this.#desiredMinTx * MICRO,
      requiredMinRx: this.#timers.receiveInterval * MICRO,
      requiredMinEchoRx: 0,
    });
    this.#around.send(packet);
  }

  /**
   * Packets come often: the timer is left to run, and looks at when the last one came; unless it would come too late.
   */
  #detect(): void {
    if (this.#closed || this.#remoteDiscr === 0) return;
    const { clock } = this.#around;
    const due = this.#heardAt + this.detectionTime;
    if (this.#cancelDetect && due >= this.#lookAt) return;
    this.#cancelDetect?.();
    this.#lookAt = due;
    this.#cancelDetect = clock.after(Math.max(0, due - clock.now()), () => {
      if (this.#isSilent) this.#around.caughtUp(() => this.#decide());
      else this.#decide();
    });
  }

  get #isSilent(): boolean {
    return this.#around.clock.now() - this.#heardAt >= this.detectionTime;
  }

  #decide(): void {
    this.#cancelDetect = undefined;
    if (this.#closed) return;
    if (!this.#isSilent) {
      this.#detect();
      return;
    }
    const from = this.#sessionState;
    this.#remoteDiscr = 0;
    this.#polling = false;
    if (from !== 'Init' && from !== 'Up') return;
    this.#move({ to: 'Down', diagnostic: DIAGNOSTIC.TIME_EXPIRED });
    this.#around.changed(this, from);
  }
}
