import type { BfdTotals } from '../transport/index.ts';

const FIELDS = 4;

/** Memory for counters that the thread writes and the node reads, without a message. */
export function totalsMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(FIELDS * Float64Array.BYTES_PER_ELEMENT);
}

/** Counters that live in that memory. */
export class SharedTotals implements BfdTotals {
  readonly #cells: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Float64Array(memory);
  }

  get sent(): number {
    return this.#cells[0];
  }
  set sent(value: number) {
    this.#cells[0] = value;
  }

  get received(): number {
    return this.#cells[1];
  }
  set received(value: number) {
    this.#cells[1] = value;
  }

  get unheard(): number {
    return this.#cells[2];
  }
  set unheard(value: number) {
    this.#cells[2] = value;
  }

  get unsent(): number {
    return this.#cells[3];
  }
  set unsent(value: number) {
    this.#cells[3] = value;
  }
}
