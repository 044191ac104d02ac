import { type Cancel, type Clock, type Log, silentLog } from '../../base/index.ts';
import type { AddressFamily, PeerConfig, SessionState, SpeakerEvent } from '../api.ts';
import type { Negotiated, PeerHandle, SessionHandler } from '../contract.ts';
import type { Connection, Transport } from '../transport/index.ts';
import {
  addressFamily,
  CEASE,
  decodeRouteRefresh,
  decodeUpdate,
  ERROR,
  type Framer,
  hardReset,
  MESSAGE,
  type Notification,
  notification,
  notificationText,
  type Open,
  shutdownData,
  strongestError,
  type UpdateScratch,
} from '../wire/index.ts';
import { dominant, type Initiator, onKeepalive, onOpen } from './collision.ts';
import { Conversation, type ConversationCounters, type ConversationOwner, type Threshold } from './conversation.ts';
import { type Damping, decayed, idleHold, penalised, UNDAMPED } from './damping.ts';
import type { LossCause } from './effects.ts';
import type { SessionEvent } from './events.ts';
import { retained } from './graceful-restart.ts';
import { type LocalSpeaker, localOpen } from './local-speaker.ts';
import { negotiate } from './negotiate.ts';
import { changeOf } from './reconfigure.ts';
import type { FsmSettings } from './transition.ts';

/** What all sessions of a speaker share. */
export interface SessionEnvironment {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly handler: SessionHandler;
  /** Asked for each OPEN, since a restart is over at some time. */
  readonly local: () => LocalSpeaker;
  /** Scratch for UPDATEs; one for the whole speaker. */
  readonly view: UpdateScratch;
  readonly log?: Log;
  /** In [0, 1), for jitter. */
  readonly random?: () => number;
  readonly onEvent?: (event: SpeakerEvent) => void;
}

/** The session's share of a `PeerStatus`. */
export interface SessionStatus {
  readonly state: SessionState;
  /** `Clock.wallTime` of the last change into or out of Established, or of the start. */
  readonly since: number;
  readonly reason?: string;
  readonly routerId?: number;
  readonly negotiated?: Negotiated;
  /** Names of the capabilities in the peer's OPEN. */
  readonly capabilities: readonly string[];
  readonly messages: Readonly<ConversationCounters>;
  /** How often it fell out of Established. */
  readonly flaps: number;
}

/** How a session is to end. */
export type Farewell =
  /** Silently: the peer keeps our routes if graceful restart was agreed on. */
  | { readonly kind: 'restart' }
  /** Cease with this subcode; a shutdown for good as a Hard Reset (RFC 8538), so that routes go at once. */
  | { readonly kind: 'cease'; readonly subcode: number; readonly text?: string };

const STATES: readonly SessionState[] = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'];
const BGP_PORT = 179;
const CONNECT_RETRY_TIME = 120;
/** Seconds that a second connection waits in silence while we find out whether the first is still alive; never reached. */
const NEWCOMER_DELAY = 3600;
/** Milliseconds for the peer to answer the probe of the first one with a reset. */
const PROBE_TIME = 1000;

/** Milliseconds that a session must be up before another connection means more than a dial that was under way. */
const YOUNG = 5000;

/** Cease subcodes after which nobody should wait for the session to return (RFC 8538 §4). */
const FOR_GOOD: readonly number[] = [CEASE.ADMINISTRATIVE_SHUTDOWN, CEASE.PEER_DECONFIGURED];

/**
 * One configured peer: the conversation that we start (`#dialled`), those that the peer starts (`#accepted`), and
 * what they share: which of two survives, how long to stay away after errors, which routes outlive a session.
 */
export class PeerSession implements PeerHandle {
  readonly #environment: SessionEnvironment;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #random: () => number;
  readonly #counters: ConversationCounters = { received: 0, sent: 0, updatesReceived: 0, updatesSent: 0 };
  readonly #owner: ConversationOwner;
  #config: PeerConfig;
  #dialled: Conversation;
  #accepted: Conversation | undefined;
  /** A connection that came while another was Established: the peer may have restarted. */
  #newcomer: Conversation | undefined;
  #cancelProbe: Cancel | undefined;
  #cancelDial: (() => void) | undefined;
  #established: Conversation | undefined;
  #enabled = false;
  #damping: Damping = UNDAMPED;
  /** An error was counted since conversations were last looked at. */
  #punish = false;
  #upSince = 0;
  #shown: SessionState = 'Idle';
  #since: number;
  /** Why it last went to Idle or Active. */
  #reason = 'not started';
  /** The last error that was more than an unanswered dial, since it was last up. */
  #error: string | undefined;
  #flaps = 0;
  #capabilities: readonly string[] = [];

  constructor(config: PeerConfig, environment: SessionEnvironment) {
    this.#config = config;
    this.#environment = environment;
    this.#clock = environment.clock;
    this.#random = environment.random ?? Math.random;
    this.#log = (environment.log ?? silentLog).child({ peer: config.address });
    this.#since = environment.clock.wallTime();
    this.#owner = this.#ownerOfConversations();
    this.#dialled = this.#converse('self', !config.passive, config.delayOpenTime ?? 0);
  }

  get config(): PeerConfig {
    return this.#config;
  }

  get negotiated(): Negotiated | undefined {
    return this.#established?.negotiated;
  }

  get backlog(): number {
    return this.#established?.connection?.backlog ?? 0;
  }

  get status(): SessionStatus {
    const negotiated = this.negotiated;
    return {
      state: this.#shown,
      since: this.#since,
      ...(this.#shown !== 'Established' && { reason: this.#explanation() }),
      ...(negotiated && { routerId: negotiated.peerRouterId, negotiated }),
      capabilities: this.#established ? this.#capabilities : [],
      messages: this.#counters,
      flaps: this.#flaps,
    };
  }

  /** Begins to want the peer: dials, unless passive, and takes its connections. */
  start(): void {
    if (this.#enabled) return;
    this.#enabled = true;
    this.#since = this.#clock.wallTime();
    this.#dialled.dispatch({ kind: 'start' });
  }

  /** Ends the session and stays away. */
  stop(farewell: Farewell): void {
    this.#enabled = false;
    for (const conversation of this.#live()) {
      const error = this.#farewell(conversation, farewell);
      conversation.dispatch({ kind: 'manual-stop', ...(error && { notification: error }) });
    }
    this.#damping = UNDAMPED;
  }

  /**
   * A new configuration for the same address. What OPEN or the socket depend on ends the session and starts another;
   * the rest takes effect as it is. Tells which.
   */
  reconfigure(config: PeerConfig): 'same' | 'kept' | 'reset' {
    const change = changeOf(this.#config, config);
    this.#config = config;
    if (change !== 'reset') return change;
    const wanted = this.#enabled;
    this.stop({ kind: 'cease', subcode: CEASE.OTHER_CONFIGURATION_CHANGE });
    this.#dialled = this.#converse('self', !config.passive, config.delayOpenTime ?? 0);
    if (wanted) this.start();
    return change;
  }

  /** A connection from the peer's address. One that is not wanted now is closed. */
  accept(connection: Connection): void {
    const lead = this.#lead();
    if (!this.#enabled || lead.state === 'Idle') {
      connection.destroy();
      return;
    }
    if (this.#established) this.#suspect(connection);
    else {
      // A peer that connects again has forgotten its last attempt.
      this.#accepted?.dispatch({ kind: 'tcp-fails', reason: 'the peer connected again' });
      this.#accepted = this.#answer(connection, this.#config.delayOpenTime ?? 0);
    }
  }

  write(messages: Uint8Array): boolean {
    return this.#established?.write(messages) ?? true;
  }

  reset(code: number, subcode: number, data?: Uint8Array, reason?: string): void {
    const error = notification(code, subcode, data);
    if (reason !== undefined) this.#log.warn({ notification: notificationText(error) }, reason);
    for (const conversation of this.#live()) conversation.dispatch({ kind: 'automatic-stop', notification: error });
  }

  #ownerOfConversations(): ConversationOwner {
    return {
      dial: (conversation) => this.#dial(conversation),
      cancelDial: () => this.#stopDial(),
      open: () => this.#localOpen(),
      negotiate: (conversation, theirs) => this.#negotiate(conversation, theirs),
      judge: (conversation, threshold, overdue) => this.#judge(conversation, threshold, overdue),
      established: (conversation) => this.#up(conversation),
      lost: (conversation, cause, reason) => this.#down(conversation, cause, reason),
      penalty: (reason) => {
        this.#damping = penalised(this.#damping);
        this.#punish = true;
        this.#error = reason;
      },
      state: (_conversation, _from, to, reason) => {
        if (to === 'Idle' || to === 'Active') this.#reason = reason;
      },
      settled: (conversation) => this.#settle(conversation),
      notification: (direction, error) => this.#tellNotification(direction, error),
      process: (conversation, framer, receivedAt) => this.#process(conversation, framer, receivedAt),
      drained: (conversation) => {
        if (conversation === this.#established) this.#environment.handler.drained(this);
      },
    };
  }

  #converse(initiator: Initiator, dials: boolean, delayOpenTime: number): Conversation {
    const settings: FsmSettings = {
      dials,
      connectRetryTime: this.#config.connectRetryTime ?? CONNECT_RETRY_TIME,
      delayOpenTime,
      random: this.#random,
    };
    return new Conversation(initiator, this.#owner, this.#clock, this.#log, settings, this.#counters);
  }

  #answer(connection: Connection, delayOpenTime: number): Conversation {
    const conversation = this.#converse('peer', false, delayOpenTime);
    conversation.dispatch({ kind: 'start' });
    conversation.connect(connection);
    return conversation;
  }

  #dial(conversation: Conversation): void {
    const { address, port = BGP_PORT, localAddress, password, ttlSecurity, multihop } = this.#config;
    this.#cancelDial = this.#environment.transport.dial(
      {
        address,
        port,
        ...(localAddress !== undefined && { localAddress }),
        ...(password !== undefined && { password }),
        ...(ttlSecurity !== undefined && { ttlSecurity }),
        ...(multihop !== undefined && { multihop }),
      },
      {
        connected: (connection) => {
          this.#cancelDial = undefined;
          conversation.connect(connection);
        },
        failed: (reason) => {
          this.#cancelDial = undefined;
          conversation.dispatch({ kind: 'tcp-fails', reason });
        },
      },
    );
  }

  #stopDial(): void {
    this.#cancelDial?.();
    this.#cancelDial = undefined;
  }

  #localOpen(): Omit<Open, 'kind'> {
    return localOpen(this.#config, this.#environment.local());
  }

  #negotiate(conversation: Conversation, theirs: Open) {
    const { local, remote } = conversation.connection!;
    const ends = { localAddress: local.address, peerAddress: remote.address };
    return negotiate(this.#localOpen(), theirs, this.#config, ends);
  }

  /** Collision resolution, and a restarted peer's return. */
  #judge(conversation: Conversation, threshold: Threshold, overdue: boolean): 'go' | 'wait' | 'end' {
    const established = this.#established;
    if (established && threshold === 'open') return this.#judgeNewcomer(conversation, established, overdue);
    const other = this.#others(conversation)[0];
    if (other === undefined) return 'go';
    const { negotiated } = conversation;
    const winner = dominant(
      { routerId: negotiated!.localRouterId, asn: negotiated!.localAs },
      { routerId: negotiated!.peerRouterId, asn: negotiated!.peerAs },
    );
    const verdict =
      threshold === 'open'
        ? onOpen(conversation.initiator, other.state, winner)
        : onKeepalive(conversation.initiator, other.state, winner, overdue);
    if (verdict === 'go, end the other') {
      other.dispatch({ kind: 'collision-dump' });
      return 'go';
    }
    return verdict === 'end this' ? 'end' : verdict;
  }

  /** A peer that says it has restarted needs no other proof (RFC 4724 §4.2); else the probe tells. */
  #judgeNewcomer(conversation: Conversation, old: Conversation, overdue: boolean): 'go' | 'wait' | 'end' {
    const agreed = old.negotiated?.gracefulRestart !== undefined;
    if (agreed && conversation.negotiated?.gracefulRestart?.restarting) {
      old.dispatch({ kind: 'tcp-fails', reason: 'the peer has restarted' });
      return 'go';
    }
    return conversation === this.#newcomer && !overdue ? 'wait' : 'end';
  }

  /** Someone connects from the peer's address although the session is up: holds it, and asks the old connection. */
  #suspect(connection: Connection): void {
    this.#established!.probe();
    if (this.#clock.now() - this.#upSince < YOUNG) {
      connection.destroy();
      return;
    }
    this.#newcomer?.dispatch({ kind: 'tcp-fails', reason: 'the peer connected again' });
    const newcomer = this.#answer(connection, NEWCOMER_DELAY);
    this.#newcomer = newcomer;
    this.#cancelProbe?.();
    this.#cancelProbe = this.#clock.after(PROBE_TIME, () => newcomer.dispatch({ kind: 'collision-dump' }));
  }

  #up(conversation: Conversation): void {
    this.#established = conversation;
    this.#upSince = this.#clock.now();
    this.#error = undefined;
    this.#capabilities = conversation.theirs!.capabilities.map(({ kind }) => kind);
    this.#show('Established', 'established');
    this.#environment.handler.established(this, conversation.negotiated!);
  }

  #down(conversation: Conversation, cause: LossCause, reason: string): void {
    if (conversation !== this.#established) return;
    this.#damping = decayed(this.#damping, this.#clock.now() - this.#upSince);
    this.#established = undefined;
    this.#flaps++;
    this.#show(this.#lead().state, reason);
    this.#environment.handler.closed(this, reason, retained(conversation.negotiated!, cause));
  }

  /** After something happened to one conversation: the others may go on, and the peer is tried again. */
  #settle(changed: Conversation): void {
    this.#sweep();
    if (this.#punish) this.#holdOff();
    if (this.#newcomer && !this.#established) this.#admitNewcomer(this.#newcomer);
    for (const conversation of this.#others(changed)) conversation.reconsider();
    if (this.#enabled && this.#dialled.state === 'Idle' && this.#others(this.#dialled).length === 0) this.#redial();
    this.#show(this.#lead().state, this.#reason);
  }

  #sweep(): void {
    if (this.#accepted && !this.#accepted.connection) this.#accepted = undefined;
    if (this.#newcomer && !this.#newcomer.connection) {
      this.#newcomer = undefined;
      this.#cancelProbe?.();
    }
  }

  /** The old connection is gone: the new one counts as any other. */
  #admitNewcomer(newcomer: Conversation): void {
    this.#cancelProbe?.();
    this.#newcomer = undefined;
    this.#accepted = newcomer;
    newcomer.reconsider();
    if (newcomer.state === 'Active') newcomer.dispatch({ kind: 'timer', name: 'delay-open' });
  }

  /** An error on a connection of the peer's holds off our own attempts too, unless one has got somewhere. */
  #holdOff(): void {
    this.#punish = false;
    const alone = !this.#accepted && !this.#newcomer && !this.#dialled.connection;
    if (alone && idleHold(this.#damping, this.#random) > 0) this.#dialled.dispatch({ kind: 'manual-stop' });
  }

  #redial(): void {
    if (this.#dialled.waiting) return;
    const after = idleHold(this.#damping, this.#random);
    this.#dialled.dispatch(after > 0 ? { kind: 'start', after } : { kind: 'start' });
  }

  #farewell(conversation: Conversation, farewell: Farewell): Notification | undefined {
    if (farewell.kind === 'restart') return undefined;
    const { subcode, text } = farewell;
    const plain = notification(ERROR.CEASE, subcode, text === undefined ? undefined : shutdownData(text));
    const agreed = conversation.state === 'Established' && conversation.negotiated?.gracefulRestart?.notification;
    return agreed && FOR_GOOD.includes(subcode) ? hardReset(plain) : plain;
  }

  #process(conversation: Conversation, framer: Framer, receivedAt: number): SessionEvent | undefined {
    const { bytes, start, end } = framer;
    if (framer.type === MESSAGE.ROUTE_REFRESH) return this.#refresh(framer);
    const { view, handler } = this.#environment;
    const errors = decodeUpdate(bytes, start, end, conversation.negotiated!, view);
    if (errors.length > 0) {
      for (const { action, attribute, reason, bytes: offending } of errors) {
        this.#tell({
          kind: 'malformed',
          peer: this.#config.address,
          action,
          ...(attribute !== undefined && { attribute }),
          reason,
          bytes: hex(offending),
        });
      }
      const worst = strongestError(errors)!;
      if (worst.action === 'reset') {
        return { kind: 'update-error', notification: worst.notification, reason: worst.reason };
      }
    }
    if (view.endOfRib) this.#tell({ kind: 'end-of-rib', peer: this.#config.address, family: view.endOfRib });
    handler.update(this, view, receivedAt);
    return undefined;
  }

  #refresh({ bytes, start, end }: Framer): SessionEvent | undefined {
    const message = decodeRouteRefresh(bytes, start, end);
    if (message.kind === 'malformed') return { kind: 'route-refresh', error: message.error };
    const family: AddressFamily | undefined = addressFamily(message.afi, message.safi);
    if (family && message.subtype && this.negotiated!.families.includes(family)) {
      this.#environment.handler.refresh(this, family, message.subtype);
    }
    return undefined;
  }

  #tellNotification(direction: 'sent' | 'received', error: Notification): void {
    const { code, subcode } = error;
    const text = notificationText(error);
    this.#tell({ kind: 'notification', peer: this.#config.address, direction, code, subcode, text });
  }

  #tell(event: SpeakerEvent): void {
    this.#environment.onEvent?.(event);
  }

  /** A peer that said why it left and then refuses to talk: both are worth knowing. */
  #explanation(): string {
    const error = this.#error;
    return error === undefined || error === this.#reason ? this.#reason : `${this.#reason}; before that: ${error}`;
  }

  #show(state: SessionState, reason: string): void {
    const from = this.#shown;
    if (state === from) return;
    this.#shown = state;
    this.#log.info({ from, to: state }, reason);
    if (from === 'Established' || state === 'Established') this.#since = this.#clock.wallTime();
    this.#tell({ kind: 'state', peer: this.#config.address, from, to: state, reason });
  }

  /** The conversation that has come furthest. */
  #lead(): Conversation {
    return this.#live().reduce((a, b) => (STATES.indexOf(b.state) > STATES.indexOf(a.state) ? b : a));
  }

  #live(): Conversation[] {
    return [this.#dialled, this.#accepted, this.#newcomer].filter((one) => one !== undefined);
  }

  /** The rivals of a conversation: those that have a connection or dial for one. */
  #others(than: Conversation): Conversation[] {
    return this.#live().filter((one) => one !== than && one.state !== 'Idle');
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
