/**
 * The one diff algorithm of vRouter. For dense integer keys it holds what is *desired* and what is *actual*
 * (value ids; 0 means absent) and knows at any time which keys differ, without ever walking the whole table:
 *
 *          desired            actual
 *      ┌──────────────┐   ┌──────────────┐
 *      │  to update  ┌┼───┼┐  to delete  │      pending = keys whose ids differ
 *      │             ││ = ││             │
 *      └─────────────┴┼───┼┴─────────────┘
 *
 * Who applies a change to the world tells it by `setActual`; what the world does on its own is told the same way,
 * so drift repairs itself at the next `pending`.
 */
export class DeltaMap {
  #desired: Uint32Array;
  #actual: Uint32Array;
  #listed: Uint8Array;
  #dirty: number[] = [];
  #desiredSize = 0;
  #actualSize = 0;

  constructor(capacity = 1024) {
    this.#desired = new Uint32Array(capacity);
    this.#actual = new Uint32Array(capacity);
    this.#listed = new Uint8Array(capacity);
  }

  /** Keys with a desired value. */
  get desiredSize(): number {
    return this.#desiredSize;
  }

  /** Keys with an actual value. */
  get actualSize(): number {
    return this.#actualSize;
  }

  desired(key: number): number {
    return key < this.#desired.length ? this.#desired[key] : 0;
  }

  actual(key: number): number {
    return key < this.#actual.length ? this.#actual[key] : 0;
  }

  /** States what should be: a value id, or 0 for nothing. */
  setDesired(key: number, value: number): void {
    if (key >= this.#desired.length) this.#grow(key);
    const before = this.#desired[key];
    if (before === value) return;
    this.#desiredSize += (value === 0 ? 0 : 1) - (before === 0 ? 0 : 1);
    this.#desired[key] = value;
    if (value !== this.#actual[key]) this.#list(key);
  }

  /** States what is: a value id, or 0 for nothing. */
  setActual(key: number, value: number): void {
    if (key >= this.#desired.length) this.#grow(key);
    const before = this.#actual[key];
    if (before === value) return;
    this.#actualSize += (value === 0 ? 0 : 1) - (before === 0 ? 0 : 1);
    this.#actual[key] = value;
    if (value !== this.#desired[key]) this.#list(key);
  }

  /** Whether desired and actual differ for the key. */
  differs(key: number): boolean {
    return this.desired(key) !== this.actual(key);
  }

  /** Takes up to `limit` keys that differ off the list. A key that still differs after the attempt is put back by `again`. */
  take(limit = Number.POSITIVE_INFINITY): number[] {
    const taken: number[] = [];
    const dirty = this.#dirty;
    let at = 0;
    for (; at < dirty.length && taken.length < limit; at++) {
      const key = dirty[at];
      this.#listed[key] = 0;
      if (this.#desired[key] !== this.#actual[key]) taken.push(key);
    }
    this.#dirty = at === dirty.length ? [] : dirty.slice(at);
    return taken;
  }

  /** Puts a key on the list if it differs: for another attempt later. */
  again(key: number): void {
    if (this.differs(key)) this.#list(key);
  }

  /** Whether some key may differ. */
  get pending(): boolean {
    return this.#dirty.length > 0;
  }

  #list(key: number): void {
    if (this.#listed[key] !== 0) return;
    this.#listed[key] = 1;
    this.#dirty.push(key);
  }

  #grow(key: number): void {
    const capacity = Math.max(this.#desired.length * 2, key + 1);
    const [desired, actual, listed] = [this.#desired, this.#actual, this.#listed];
    this.#desired = new Uint32Array(capacity);
    this.#actual = new Uint32Array(capacity);
    this.#listed = new Uint8Array(capacity);
    this.#desired.set(desired);
    this.#actual.set(actual);
    this.#listed.set(listed);
  }
}
