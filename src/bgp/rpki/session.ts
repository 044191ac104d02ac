import type { Cancel, Clock } from '../../base/index.ts';
import { decodeRtr, RtrError } from './decode.ts';
import { encodeRtr } from './encode.ts';
import { intervalsWithin, USUAL_INTERVALS } from './intervals.ts';
import { RTR_ERROR, RTR_TYPE, type RtrIntervals, type RtrPdu, type RtrVersion } from './pdu.ts';
import { StagedChanges } from './staged-changes.ts';
import { ValidatedPrefixes } from './validated-prefixes.ts';

/** Milliseconds that a cache may be silent while it owes an answer. */
const PATIENCE = 60_000;
/** Characters of a cache's Error Report that are shown. */
const LONGEST_REASON = 200;

/** The calls of a session to the owner of the connection. Calls come from inside calls of the session's methods. */
export interface RtrEffects {
  send(message: Uint8Array): void;
  /** The connection is of no more use; `again`: another one to the same cache at once, or after a wait. */
  drop(reason: string, again: 'now' | 'later'): void;
  /** The table is another one: whole. */
  changed(): void;
  /** All that the cache has is here. */
  settled(): void;
}

/**
 * A router's side of RPKI-to-router (RFC 8210 §8), without the connection: what to ask when, and the table that
 * comes of it. `away` before and between connections, `asked` until the cache begins to answer, `receiving` until End
 * of Data, `settled` until the next query.
 */
export class RtrSession {
  readonly #clock: Clock;
  readonly #effects: RtrEffects;
  readonly #limit: number;
  #state: 'away' | 'asked' | 'receiving' | 'settled' = 'away';
  #version: RtrVersion = 1;
  #negotiated = false;
  /** Whose data it is: with what to ask for changes alone. */
  #data: { readonly version: RtrVersion; readonly sessionId: number; readonly serial: number } | undefined;
  #answering = 0;
  #staged: StagedChanges | undefined;
  #table = new ValidatedPrefixes();
  #intervals = USUAL_INTERVALS;
  #cancelTurn: Cancel = () => {};
  #cancelExpiry: Cancel = () => {};

  constructor(clock: Clock, effects: RtrEffects, limit: number) {
    this.#clock = clock;
    this.#effects = effects;
    this.#limit = limit;
  }

  get table(): ValidatedPrefixes {
    return this.#table;
  }

  get intervals(): RtrIntervals {
    return this.#intervals;
  }

  get settled(): boolean {
    return this.#state === 'settled';
  }

  get version(): RtrVersion {
    return this.#version;
  }

  /** Session and serial number of the data; undefined while there is none. */
  get data(): { readonly sessionId: number; readonly serial: number } | undefined {
    return this.#data;
  }

  /** A connection to the cache is there. */
  connected(): void {
    this.#negotiated = false;
    this.#query();
  }

  /**
   * The connection is gone. What it had not finished saying is forgotten; the data stays until it expires. A cache that
   * goes instead of answering may not know our session any more, and say so by an error or by nothing: it is asked for
   * all.
   */
  disconnected(): void {
    if (this.#state === 'asked') this.#data = undefined;
    this.#leave();
    this.#version = 1;
  }

  /** Nobody wants the data any more. */
  stop(): void {
    this.#leave();
    this.#cancelExpiry();
  }

  /** One whole message. */
  received(message: Uint8Array): void {
    // Before versions are agreed on, a notify means nothing, in whatever version it is (RFC 8210 §7).
    if (!this.#negotiated && message[1] === RTR_TYPE.SERIAL_NOTIFY) return;
    if (this.#state === 'away') return;
    try {
      this.#take(decodeRtr(message));
    } catch (error) {
      if (!(error instanceof RtrError)) throw error;
      this.refuse(error, message);
    }
  }

  /** Says what was wrong with what the cache sent, and leaves. An Error Report is not answered. */
  refuse({ rtrCode, message: text }: RtrError, quoted: Uint8Array): void {
    if (quoted[1] !== RTR_TYPE.ERROR_REPORT) {
      this.#send({ version: this.#version, kind: 'error-report', code: rtrCode, quoted, text });
    }
    this.#drop(`the cache sent what can't be: ${text}`);
  }

  #take(pdu: RtrPdu): void {
    if (pdu.kind === 'error-report') {
      this.#error(pdu);
      return;
    }
    this.#agree(pdu);
    if (this.#state !== 'settled') this.#await();
    switch (pdu.kind) {
      case 'serial-notify':
        this.#same(pdu.sessionId, this.#data?.sessionId);
        if (this.#state === 'settled' && pdu.serial !== this.#data?.serial) this.#query();
        break;
      case 'cache-reset':
        this.#in('asked');
        this.#data = undefined;
        this.#query();
        break;
      case 'cache-response':
        this.#in('asked');
        this.#same(pdu.sessionId, this.#data?.sessionId);
        this.#answering = pdu.sessionId;
        this.#state = 'receiving';
        this.#staged = new StagedChanges(this.#data && this.#table, this.#limit);
        break;
      case 'prefix':
        this.#in('receiving');
        this.#staged!.take(pdu.announce, pdu.payload);
        break;
      case 'router-key':
        this.#in('receiving');
        break;
      case 'end-of-data':
        this.#in('receiving');
        this.#same(pdu.sessionId, this.#answering);
        this.#finish(pdu);
        break;
      default:
        throw new RtrError(RTR_ERROR.INVALID_REQUEST, `a ${pdu.kind} from a cache`);
    }
  }

  /** The first answer settles the version: ours, or a lower one. */
  #agree({ version }: RtrPdu): void {
    if (version === this.#version || (!this.#negotiated && version < this.#version)) {
      if (this.#data?.version !== version) this.#data = undefined;
      this.#version = version;
      this.#negotiated = true;
    } else throw new RtrError(RTR_ERROR.UNEXPECTED_VERSION, `version ${version} after version ${this.#version}`);
  }

  #in(state: 'asked' | 'receiving'): void {
    if (this.#state !== state) throw new RtrError(RTR_ERROR.CORRUPT_DATA, 'a message out of turn');
  }

  /** Another session number than that of our data: the data is void (RFC 8210 §5.1). */
  #same(sessionId: number, expected: number | undefined): void {
    if (expected === undefined || sessionId === expected) return;
    this.#flush();
    throw new RtrError(RTR_ERROR.CORRUPT_DATA, `session ${sessionId} after session ${expected}`);
  }

  #finish({ sessionId, serial, intervals }: RtrPdu & { kind: 'end-of-data' }): void {
    const { table, changed } = this.#staged!.apply();
    this.#staged = undefined;
    this.#table = table;
    this.#data = { version: this.#version, sessionId, serial };
    this.#intervals = intervalsWithin(intervals ?? USUAL_INTERVALS);
    this.#state = 'settled';
    const { refresh, expire } = this.#intervals;
    this.#cancelExpiry();
    this.#cancelExpiry = this.#clock.after(expire * 1000, () => this.#flush());
    this.#turn(refresh * 1000, () => this.#query());
    this.#effects.settled();
    if (changed) this.#effects.changed();
  }

  #error({ version, code, text }: RtrPdu & { kind: 'error-report' }): void {
    if (code === RTR_ERROR.UNSUPPORTED_VERSION && version < this.#version) {
      this.#leave();
      this.#version = version;
      this.#data = undefined;
      this.#effects.drop(`the cache speaks version ${version}`, 'now');
      return;
    }
    this.#drop(
      code === RTR_ERROR.NO_DATA
        ? 'the cache has no data yet'
        : `the cache reports error ${code}: ${text.slice(0, LONGEST_REASON)}`,
    );
  }

  #query(): void {
    this.#state = 'asked';
    this.#staged = undefined;
    const data = this.#data?.version === this.#version ? this.#data : undefined;
    this.#data = data;
    const { sessionId = 0, serial = 0 } = data ?? {};
    if (data === undefined) this.#send({ version: this.#version, kind: 'reset-query' });
    else this.#send({ version: this.#version, kind: 'serial-query', sessionId, serial });
    this.#await();
  }

  #send(pdu: Exclude<RtrPdu, { kind: 'router-key' }>): void {
    this.#effects.send(encodeRtr(pdu));
  }

  #await(): void {
    this.#turn(PATIENCE, () => this.#drop(`the cache has been silent for ${PATIENCE / 1000} s`));
  }

  #turn(delay: number, action: () => void): void {
    this.#cancelTurn();
    this.#cancelTurn = this.#clock.after(delay, action);
  }

  #drop(reason: string): void {
    this.disconnected();
    this.#effects.drop(reason, 'later');
  }

  #leave(): void {
    this.#state = 'away';
    this.#staged = undefined;
    this.#cancelTurn();
  }

  #flush(): void {
    this.#cancelExpiry();
    this.#data = undefined;
    if (this.#table.size === 0) return;
    this.#table = new ValidatedPrefixes();
    this.#effects.changed();
  }
}
