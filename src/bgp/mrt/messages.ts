import type { Clock } from '../../base/index.ts';
import type { SessionRecord } from '../api.ts';
import { encodeMessage, encodeStateChange } from './records.ts';

/** Writes down every message and each coming and going of a session. */
export class MrtMessages {
  readonly #clock: Clock;
  readonly #sink: (record: Uint8Array) => void;

  constructor(clock: Clock, sink: (record: Uint8Array) => void) {
    this.#clock = clock;
    this.#sink = sink;
  }

  record(record: SessionRecord): void {
    const now = this.#clock.wallTime();
    switch (record.kind) {
      case 'message':
        this.#sink(encodeMessage(record, now, record.direction, record.bytes));
        break;
      case 'up':
        this.#sink(encodeStateChange(record, now, 'OpenConfirm', 'Established'));
        break;
      case 'down':
        this.#sink(encodeStateChange(record, now, 'Established', 'Idle'));
        break;
    }
  }
}
