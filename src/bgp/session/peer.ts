import { type Clock, type Log, silentLog } from '../../base/index.ts';
import type { PeerConfig, SessionState } from '../api.ts';
import type { Negotiated, PeerHandle } from '../contract.ts';
import { peerName } from '../peer-name.ts';
import type { Framer, Notification, Open } from '../wire/index.ts';
import type { Initiator } from './collision.ts';
import { BgpConnection, type CollisionOutcome, type CollisionPoint, type ConnectionOwner } from './connection.ts';
import { type Damping, decayed, idleHold, penalised, UNDAMPED } from './damping.ts';
import { Dialler } from './dialler.ts';
import type { LossCause } from './effects.ts';
import type { SessionEvent } from './events.ts';
import { retained } from './graceful-restart.ts';
import { Malformed } from './malformed.ts';
import { noMessages } from './message-counters.ts';
import { type Negotiation, negotiate } from './negotiate.ts';
import { type Offer, offerTo } from './offer.ts';
import { isFurther, PeerConnections } from './peer-connections.ts';
import { receive } from './received.ts';
import { ReportedState } from './reported-state.ts';
import type { SessionEnvironment } from './session-environment.ts';
import { SessionRecords } from './session-records.ts';

const CONNECT_RETRY_TIME = 120;

/**
 * One peer: what its connections share, and what becomes of the news that they have. Which of them survives is for
 * `PeerConnections`; damping after errors, what outlives a session, and who gets its messages come together here.
 */
export class Peer implements ConnectionOwner {
  /** Whether there should be a session. */
  wanted = false;
  damping: Damping = UNDAMPED;
  #away = 0;
  flaps = 0;
  readonly connections: PeerConnections;
  readonly reported: ReportedState;
  readonly malformed: Malformed;
  readonly counters = noMessages();
  readonly record: ConnectionOwner['record'];
  readonly log: Log;
  readonly #handle: PeerHandle;
  readonly #environment: SessionEnvironment;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #dialler: Dialler;
  readonly #records: SessionRecords | undefined;
  #config: PeerConfig;
  #offered: Offer | undefined;
  /** An error was counted since connections were last looked at. */
  #punish = false;

  /** The handler knows the peer as `handle`. */
  constructor(config: PeerConfig, environment: SessionEnvironment, handle: PeerHandle) {
    const { clock, onEvent = () => {}, onRecord } = environment;
    this.#config = config;
    this.#environment = environment;
    this.#handle = handle;
    this.#clock = clock;
    this.#random = environment.random ?? Math.random;
    this.log = (environment.log ?? silentLog).child({ peer: peerName(config) });
    this.#dialler = new Dialler(environment.transport);
    this.malformed = new Malformed(peerName(config), clock, this.log, environment.onEvent);
    this.reported = new ReportedState(peerName(config), clock, this.log, onEvent);
    const records = onRecord && new SessionRecords(environment.local().asn, onRecord);
    this.#records = records;
    this.record = records && ((connection, way, bytes) => records.messages(connection, this.#config, way, bytes));
    this.connections = new PeerConnections(clock, (by, delay) => this.#connection(by, delay), this.delayOpenTime);
  }

  get config(): PeerConfig {
    return this.#config;
  }

  set config(config: PeerConfig) {
    this.#config = config;
    this.#offered = undefined;
  }

  get delayOpenTime(): number {
    return this.#config.delayOpenTime ?? 0;
  }

  get negotiated(): Negotiated | undefined {
    return this.connections.established?.negotiated;
  }

  dial(connection: BgpConnection): void {
    this.#dialler.dial(this.#config, connection);
  }

  cancelDial(): void {
    this.#dialler.stop();
  }

  open(): Uint8Array {
    return this.#offer().bytes;
  }

  negotiate(connection: BgpConnection, theirs: Open): Negotiation {
    const { local, remote } = connection.tcp!;
    const ends = { localAddress: local.address, peerAddress: remote.address };
    return negotiate(this.#offer(), theirs, this.#config, ends);
  }

  collide(connection: BgpConnection, at: CollisionPoint, overdue: boolean): CollisionOutcome {
    return this.connections.collide(connection, at, overdue);
  }

  moved(to: SessionState, reason: string): void {
    this.reported.moved(to, reason);
  }

  established(connection: BgpConnection): void {
    this.connections.up(connection);
    this.reported.show('Established', connection.reason);
    this.#records?.up(connection, this.#config);
    this.#environment.handler.established(this.#handle, connection.negotiated!);
  }

  lost(connection: BgpConnection, cause: LossCause, reason: string): void {
    if (connection !== this.connections.established) return;
    this.damping = decayed(this.damping, this.connections.down());
    this.flaps++;
    this.reported.show(this.connections.lead.state, reason);
    this.#records?.down(reason);
    this.#environment.handler.closed(this.#handle, reason, retained(connection.negotiated!, cause, this.#config));
  }

  penalty(reason: string): void {
    this.damping = penalised(this.damping);
    this.#punish = true;
    this.reported.failed(reason);
  }

  notification(direction: 'sent' | 'received', notification: Notification): void {
    this.reported.notification(direction, notification);
  }

  process(connection: BgpConnection, framer: Framer, receivedAt: number): SessionEvent | undefined {
    return receive(this.#handle, this.#environment, connection.negotiated!, framer, receivedAt, this.malformed);
  }

  drained(connection: BgpConnection): void {
    if (connection === this.connections.established) this.#environment.handler.drained(this.#handle);
  }

  /** After something happened to one connection: the others may go on, and the peer is tried again. */
  settled(changed: BgpConnection): void {
    const { connections, reported } = this;
    connections.sweep();
    if (this.#punish) this.#holdOff();
    connections.admitNewcomer();
    // Progress is the leader's; a setback is that of the one that led before.
    const { lead } = connections;
    reported.show(lead.state, (isFurther(lead.state, reported.state) ? lead : changed).reason);
    connections.reconsiderRivals(changed);
    const { dialled } = connections;
    if (this.wanted && dialled.state === 'Idle' && connections.rivalOf(dialled) === undefined) this.#redial(dialled);
  }

  /** Nothing is tried, nor taken, for so many milliseconds from now on. */
  stayAway(milliseconds: number): void {
    this.#away = this.#clock.now() + milliseconds;
  }

  /** Milliseconds to stay Idle. */
  #patience(): number {
    return Math.max(idleHold(this.damping, this.#random), this.#away - this.#clock.now(), 0);
  }

  /** An error on a connection of the peer's holds off our own attempts too, unless one has got somewhere. */
  #holdOff(): void {
    this.#punish = false;
    if (!this.connections.alone || this.#patience() === 0) return;
    this.connections.dialled.dispatch({ kind: 'manual-stop', reason: 'staying away after errors' });
  }

  #redial(dialled: BgpConnection): void {
    if (dialled.waiting) return;
    const after = this.#patience();
    dialled.dispatch(after > 0 ? { kind: 'start', after } : { kind: 'start' });
  }

  #connection(initiator: Initiator, delayOpenTime: number): BgpConnection {
    const settings = {
      dials: initiator === 'self' && !this.#config.passive,
      connectRetryTime: this.#config.connectRetryTime ?? CONNECT_RETRY_TIME,
      delayOpenTime,
      random: this.#random,
    };
    return new BgpConnection(initiator, this, this.#clock, this.log, settings, this.counters);
  }

  /** Our offer to the peer: looked up again when the configuration or the speaker is another one. */
  #offer(): Offer {
    const local = this.#environment.local();
    if (this.#offered?.local !== local) this.#offered = offerTo(this.#config, local);
    return this.#offered;
  }
}
