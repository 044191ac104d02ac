import { type Clock, type Log, silentLog } from '../../base/index.ts';
import type { PeerConfig } from '../api.ts';
import type { Negotiated, PeerHandle } from '../contract.ts';
import type { Connection } from '../transport/index.ts';
import { CEASE, notification, notificationText, type Open } from '../wire/index.ts';
import { Arbiter, isFurther } from './arbiter.ts';
import type { Initiator } from './collision.ts';
import { Conversation } from './conversation.ts';
import type { ConversationOwner } from './conversation-owner.ts';
import { type Damping, decayed, idleHold, penalised, UNDAMPED } from './damping.ts';
import { Dialler } from './dialler.ts';
import type { LossCause } from './effects.ts';
import { type Farewell, lastWords } from './farewell.ts';
import { retained } from './graceful-restart.ts';
import { localOpen } from './local-speaker.ts';
import type { MessageCounters } from './message-counters.ts';
import { negotiate } from './negotiate.ts';
import { type Recipient, receive } from './received.ts';
import { changeOf } from './reconfigure.ts';
import type { SessionEnvironment, SessionStatus } from './session-environment.ts';
import { Standing } from './standing.ts';
import type { FsmSettings } from './transition.ts';
import { Witness } from './witness.ts';

const CONNECT_RETRY_TIME = 120;

/**
 * One configured peer: what its conversations share. Which of them survives is for the `Arbiter`; damping after
 * errors, what outlives a session, and who gets its messages come together here.
 */
export class PeerSession implements PeerHandle {
  readonly #environment: SessionEnvironment;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #random: () => number;
  readonly #counters: MessageCounters = { received: 0, sent: 0, updatesReceived: 0, updatesSent: 0 };
  readonly #owner: ConversationOwner;
  readonly #arbiter: Arbiter;
  readonly #dialler: Dialler;
  readonly #standing: Standing;
  readonly #recipient: Recipient;
  readonly #witness: Witness | undefined;
  #config: PeerConfig;
  #enabled = false;
  #damping: Damping = UNDAMPED;
  /** An error was counted since conversations were last looked at. */
  #punish = false;
  #flaps = 0;
  #capabilities: readonly string[] = [];

  constructor(config: PeerConfig, environment: SessionEnvironment) {
    const { clock, handler, view, onEvent = () => {}, onRecord } = environment;
    this.#config = config;
    this.#environment = environment;
    this.#clock = clock;
    this.#random = environment.random ?? Math.random;
    this.#log = (environment.log ?? silentLog).child({ peer: config.address });
    this.#dialler = new Dialler(environment.transport);
    this.#standing = new Standing(config.address, clock, this.#log, onEvent);
    this.#witness = onRecord && new Witness(environment.local().asn, onRecord);
    this.#recipient = { peer: this, handler, view, tell: onEvent };
    this.#owner = this.#ownerOfConversations();
    this.#arbiter = new Arbiter(clock, (initiator, delay) => this.#converse(initiator, delay), this.#delayOpenTime);
  }

  get config(): PeerConfig {
    return this.#config;
  }

  get negotiated(): Negotiated | undefined {
    return this.#arbiter.established?.negotiated;
  }

  get backlog(): number {
    return this.#arbiter.established?.connection?.backlog ?? 0;
  }

  get status(): SessionStatus {
    const negotiated = this.negotiated;
    return {
      state: this.#standing.state,
      since: this.#standing.since,
      ...(this.#standing.state !== 'Established' && { reason: this.#standing.explanation }),
      ...(negotiated && { routerId: negotiated.peerRouterId, negotiated }),
      capabilities: this.#arbiter.established ? this.#capabilities : [],
      messages: this.#counters,
      flaps: this.#flaps,
    };
  }

  /** Begins to want the peer: dials, unless passive, and takes its connections. */
  start(): void {
    if (this.#enabled) return;
    this.#enabled = true;
    this.#standing.started();
    this.#arbiter.dialled.dispatch({ kind: 'start' });
  }

  /** Ends the session and stays away. */
  stop(farewell: Farewell): void {
    this.#enabled = false;
    for (const conversation of this.#arbiter.all) {
      const error = lastWords(conversation, farewell);
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
    this.#arbiter.renew(this.#delayOpenTime);
    if (wanted) this.start();
    return change;
  }

  /** A connection from the peer's address. One that is not wanted now is closed. */
  accept(connection: Connection): void {
    if (this.#enabled && this.#arbiter.lead.state !== 'Idle') this.#arbiter.accept(connection, this.#delayOpenTime);
    else connection.destroy();
  }

  write(messages: Uint8Array): boolean {
    return this.#arbiter.established?.write(messages) ?? true;
  }

  reset(code: number, subcode: number, data?: Uint8Array, reason?: string): void {
    const error = notification(code, subcode, data);
    if (reason !== undefined) this.#log.warn({ notification: notificationText(error) }, reason);
    for (const conversation of this.#arbiter.all)
      conversation.dispatch({ kind: 'automatic-stop', notification: error });
  }

  #ownerOfConversations(): ConversationOwner {
    const witness = this.#witness;
    return {
      witness:
        witness && ((conversation, direction, bytes) => witness.messages(conversation, this.#config, direction, bytes)),
      dial: (conversation) => this.#dialler.dial(this.#config, conversation),
      cancelDial: () => this.#dialler.stop(),
      open: () => this.#localOpen(),
      negotiate: (conversation, theirs) => this.#negotiate(conversation, theirs),
      judge: (conversation, threshold, overdue) => this.#arbiter.judge(conversation, threshold, overdue),
      established: (conversation) => this.#up(conversation),
      lost: (conversation, cause, reason) => this.#down(conversation, cause, reason),
      penalty: (reason) => {
        this.#damping = penalised(this.#damping);
        this.#punish = true;
        this.#standing.failed(reason);
      },
      state: (_conversation, to, reason) => this.#standing.moved(to, reason),
      settled: (conversation) => this.#settle(conversation),
      notification: (direction, error) => this.#standing.notification(direction, error),
      process: ({ negotiated }, framer, receivedAt) => receive(this.#recipient, negotiated!, framer, receivedAt),
      drained: (conversation) => {
        if (conversation === this.#arbiter.established) this.#environment.handler.drained(this);
      },
    };
  }

  #converse(initiator: Initiator, delayOpenTime: number): Conversation {
    const settings: FsmSettings = {
      dials: initiator === 'self' && !this.#config.passive,
      connectRetryTime: this.#config.connectRetryTime ?? CONNECT_RETRY_TIME,
      delayOpenTime,
      random: this.#random,
    };
    return new Conversation(initiator, this.#owner, this.#clock, this.#log, settings, this.#counters);
  }

  #localOpen(): Omit<Open, 'kind'> {
    return localOpen(this.#config, this.#environment.local());
  }

  #negotiate(conversation: Conversation, theirs: Open) {
    const { local, remote } = conversation.connection!;
    const ends = { localAddress: local.address, peerAddress: remote.address };
    return negotiate(this.#localOpen(), theirs, this.#config, ends);
  }

  #up(conversation: Conversation): void {
    this.#arbiter.up(conversation);
    this.#capabilities = conversation.theirs!.capabilities.map(({ kind }) => kind);
    this.#standing.show('Established', conversation.reason);
    this.#witness?.up(conversation, this.#config);
    this.#environment.handler.established(this, conversation.negotiated!);
  }

  #down(conversation: Conversation, cause: LossCause, reason: string): void {
    if (conversation !== this.#arbiter.established) return;
    this.#damping = decayed(this.#damping, this.#arbiter.down());
    this.#flaps++;
    this.#standing.show(this.#arbiter.lead.state, reason);
    this.#witness?.down(reason);
    this.#environment.handler.closed(this, reason, retained(conversation.negotiated!, cause));
  }

  /** After something happened to one conversation: the others may go on, and the peer is tried again. */
  #settle(changed: Conversation): void {
    const arbiter = this.#arbiter;
    arbiter.sweep();
    if (this.#punish) this.#holdOff();
    arbiter.admitNewcomer();
    // Progress is the leader's; a setback is that of the one that led before.
    const { lead } = arbiter;
    this.#standing.show(lead.state, (isFurther(lead.state, this.#standing.state) ? lead : changed).reason);
    for (const conversation of arbiter.others(changed)) conversation.reconsider();
    if (this.#enabled && arbiter.dialled.state === 'Idle' && arbiter.others(arbiter.dialled).length === 0) {
      this.#redial();
    }
  }

  /** An error on a connection of the peer's holds off our own attempts too, unless one has got somewhere. */
  #holdOff(): void {
    this.#punish = false;
    if (!this.#arbiter.alone || idleHold(this.#damping, this.#random) === 0) return;
    this.#arbiter.dialled.dispatch({ kind: 'manual-stop', reason: 'staying away after errors' });
  }

  #redial(): void {
    const { dialled } = this.#arbiter;
    if (dialled.waiting) return;
    const after = idleHold(this.#damping, this.#random);
    dialled.dispatch(after > 0 ? { kind: 'start', after } : { kind: 'start' });
  }

  get #delayOpenTime(): number {
    return this.#config.delayOpenTime ?? 0;
  }
}
