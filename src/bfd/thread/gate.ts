const [OPEN, BUSY, SHUT] = [0, 1, 2];
/** Milliseconds that the end of the process waits for who is passing. */
const PATIENCE = 2000;

/** Memory of a gate, for both sides of it. */
export function gateMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

/**
 * A gate between the thread's native calls and the end of the process. Node ends a thread wherever it is, and koffi, when
 * it is told so in the midst of loading or of a call, aborts the process: a core is dumped, and the exit code is lost.
 */
export class Gate {
  readonly #state: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#state = new Int32Array(memory);
  }

  /** Makes a native call. Once the gate is shut, waits for the thread's end instead. */
  pass<T>(call: () => T): T {
    while (Atomics.compareExchange(this.#state, 0, OPEN, BUSY) === SHUT) Atomics.wait(this.#state, 0, SHUT);
    try {
      return call();
    } finally {
      Atomics.store(this.#state, 0, OPEN);
      Atomics.notify(this.#state, 0);
    }
  }

  /** From now on nobody passes; who is passing is waited for, but not for ever. */
  shut(): void {
    while (Atomics.compareExchange(this.#state, 0, OPEN, SHUT) === BUSY) {
      if (Atomics.wait(this.#state, 0, BUSY, PATIENCE) === 'timed-out') return;
    }
  }
}
