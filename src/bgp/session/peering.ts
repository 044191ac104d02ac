import { type Clock, type Log, silentLog } from '../../base/index.ts';
import type { PeerConfig, SessionState } from '../api.ts';
import type { Negotiated, PeerHandle } from '../contract.ts';
import { peerName } from '../peer-name.ts';
import type { Framer, Notification, Open } from '../wire/index.ts';
import { Arbiter, type Converser, isFurther } from './arbiter.ts';
import type { Initiator } from './collision.ts';
import { Conversation } from './conversation.ts';
import type { ConversationOwner, Judgement, Overhear, Threshold } from './conversation-owner.ts';
import { type Damping, decayed, idleHold, penalised, UNDAMPED } from './damping.ts';
import { Dialler } from './dialler.ts';
import type { LossCause } from './effects.ts';
import type { SessionEvent } from './events.ts';
import { retained } from './graceful-restart.ts';
import { Malformed } from './malformed.ts';
import type { MessageCounters } from './message-counters.ts';
import { type Negotiation, negotiate } from './negotiate.ts';
import { type Offer, offerTo } from './offer.ts';
import { receive } from './received.ts';
import type { SessionEnvironment } from './session-environment.ts';
import { Standing } from './standing.ts';
import { Witness } from './witness.ts';

const CONNECT_RETRY_TIME = 120;

/**
 * What the conversations with one peer share, and what becomes of the news that they have. Which of them survives is
 * for the `Arbiter`; damping after errors, what outlives a session, and who gets its messages come together here.
 */
export class Peering implements ConversationOwner, Converser {
  /** Whether there should be a session. */
  wanted = false;
  damping: Damping = UNDAMPED;
  flaps = 0;
  readonly arbiter: Arbiter;
  readonly standing: Standing;
  readonly malformed: Malformed;
  readonly counters: MessageCounters = { received: 0, sent: 0, updatesReceived: 0, updatesSent: 0 };
  readonly witness: Overhear | undefined;
  readonly log: Log;
  readonly #handle: PeerHandle;
  readonly #environment: SessionEnvironment;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #dialler: Dialler;
  readonly #records: Witness | undefined;
  #config: PeerConfig;
  #offered: Offer | undefined;
  /** An error was counted since conversations were last looked at. */
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
    this.standing = new Standing(peerName(config), clock, this.log, onEvent);
    const records = onRecord && new Witness(environment.local().asn, onRecord);
    this.#records = records;
    this.witness = records && ((conversation, way, bytes) => records.messages(conversation, this.#config, way, bytes));
    this.arbiter = new Arbiter(clock, this, this.delayOpenTime);
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
    return this.arbiter.established?.negotiated;
  }

  converse(initiator: Initiator, delayOpenTime: number): Conversation {
    const settings = {
      dials: initiator === 'self' && !this.#config.passive,
      connectRetryTime: this.#config.connectRetryTime ?? CONNECT_RETRY_TIME,
      delayOpenTime,
      random: this.#random,
    };
    return new Conversation(initiator, this, this.#clock, this.log, settings, this.counters);
  }

  dial(conversation: Conversation): void {
    this.#dialler.dial(this.#config, conversation);
  }

  cancelDial(): void {
    this.#dialler.stop();
  }

  open(): Uint8Array {
    return this.#offer().bytes;
  }

  negotiate(conversation: Conversation, theirs: Open): Negotiation {
    const { local, remote } = conversation.connection!;
    const ends = { localAddress: local.address, peerAddress: remote.address };
    return negotiate(this.#offer(), theirs, this.#config, ends);
  }

  judge(conversation: Conversation, threshold: Threshold, overdue: boolean): Judgement {
    return this.arbiter.judge(conversation, threshold, overdue);
  }

  moved(to: SessionState, reason: string): void {
    this.standing.moved(to, reason);
  }

  established(conversation: Conversation): void {
    this.arbiter.up(conversation);
    this.standing.show('Established', conversation.reason);
    this.#records?.up(conversation, this.#config);
    this.#environment.handler.established(this.#handle, conversation.negotiated!);
  }

  lost(conversation: Conversation, cause: LossCause, reason: string): void {
    if (conversation !== this.arbiter.established) return;
    this.damping = decayed(this.damping, this.arbiter.down());
    this.flaps++;
    this.standing.show(this.arbiter.lead.state, reason);
    this.#records?.down(reason);
    this.#environment.handler.closed(this.#handle, reason, retained(conversation.negotiated!, cause, this.#config));
  }

  penalty(reason: string): void {
    this.damping = penalised(this.damping);
    this.#punish = true;
    this.standing.failed(reason);
  }

  notification(direction: 'sent' | 'received', notification: Notification): void {
    this.standing.notification(direction, notification);
  }

  process(conversation: Conversation, framer: Framer, receivedAt: number): SessionEvent | undefined {
    return receive(this.#handle, this.#environment, conversation.negotiated!, framer, receivedAt, this.malformed);
  }

  drained(conversation: Conversation): void {
    if (conversation === this.arbiter.established) this.#environment.handler.drained(this.#handle);
  }

  /** After something happened to one conversation: the others may go on, and the peer is tried again. */
  settled(changed: Conversation): void {
    const { arbiter, standing } = this;
    arbiter.sweep();
    if (this.#punish) this.#holdOff();
    arbiter.admitNewcomer();
    // Progress is the leader's; a setback is that of the one that led before.
    const { lead } = arbiter;
    standing.show(lead.state, (isFurther(lead.state, standing.state) ? lead : changed).reason);
    arbiter.reconsiderRivals(changed);
    const { dialled } = arbiter;
    if (this.wanted && dialled.state === 'Idle' && arbiter.rivalOf(dialled) === undefined) this.#redial(dialled);
  }

  /** An error on a connection of the peer's holds off our own attempts too, unless one has got somewhere. */
  #holdOff(): void {
    this.#punish = false;
    if (!this.arbiter.alone || idleHold(this.damping, this.#random) === 0) return;
    this.arbiter.dialled.dispatch({ kind: 'manual-stop', reason: 'staying away after errors' });
  }

  #redial(dialled: Conversation): void {
    if (dialled.waiting) return;
    const after = idleHold(this.damping, this.#random);
    dialled.dispatch(after > 0 ? { kind: 'start', after } : { kind: 'start' });
  }

  /** What we offer to the peer: looked up again when the configuration or the speaker is another one. */
  #offer(): Offer {
    const local = this.#environment.local();
    if (this.#offered?.local !== local) this.#offered = offerTo(this.#config, local);
    return this.#offered;
  }
}
