import { DeltaMap } from './delta-map.ts';
import { same } from './same.ts';

/** A key whose desired and actual values differ, with both; undefined for none. */
export interface Difference<Value> {
  readonly key: string;
  readonly desired: Value | undefined;
  readonly actual: Value | undefined;
}

/**
 * `DeltaMap` for things that are few and have names. A key has a number while there is something to say of it; values
 * have numbers only beside each other: those that say the same have the same one. One way of finding differences serves
 * a handful of links and a million routes.
 */
export class KeyedDelta<Value> {
  readonly #map = new DeltaMap(16);
  readonly #ids = new Map<string, number>();
  readonly #keys: (string | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #desired: (Value | undefined)[] = [];
  readonly #actual: (Value | undefined)[] = [];
  readonly #same: (a: Value, b: Value) => boolean;

  /** `text` must be equal for values that need no change between them; without it, they must say the same. */
  constructor(text?: (value: Value) => string) {
    this.#same = text === undefined ? same : (a, b) => text(a) === text(b);
  }

  /** Keys with something to say of. */
  get size(): number {
    return this.#ids.size;
  }

  /** Makes the whole of `wanted` the desired state: what is not in it is not desired. */
  setAllDesired(wanted: ReadonlyMap<string, Value>): void {
    for (const key of [...this.#ids.keys()]) if (!wanted.has(key)) this.setDesired(key, undefined);
    for (const [key, value] of wanted) this.setDesired(key, value);
  }

  /** Makes the whole of `found` the actual state. */
  setAllActual(found: ReadonlyMap<string, Value>): void {
    for (const key of [...this.#ids.keys()]) if (!found.has(key)) this.setActual(key, undefined);
    for (const [key, value] of found) this.setActual(key, value);
  }

  setDesired(key: string, value: Value | undefined): void {
    const id = this.#id(key, value);
    if (id === undefined) return;
    this.#map.setDesired(
      id,
      this.#number(value, this.#actual[id], this.#map.actual(id), this.#desired[id], this.#map.desired(id)),
    );
    this.#desired[id] = value;
    this.#giveUp(key, id);
  }

  setActual(key: string, value: Value | undefined): void {
    const id = this.#id(key, value);
    if (id === undefined) return;
    this.#map.setActual(
      id,
      this.#number(value, this.#desired[id], this.#map.desired(id), this.#actual[id], this.#map.actual(id)),
    );
    this.#actual[id] = value;
    this.#giveUp(key, id);
  }

  desired(key: string): Value | undefined {
    const id = this.#ids.get(key);
    return id === undefined ? undefined : this.#desired[id];
  }

  actual(key: string): Value | undefined {
    const id = this.#ids.get(key);
    return id === undefined ? undefined : this.#actual[id];
  }

  get pending(): boolean {
    return this.#map.pending;
  }

  /** The differences. Each is taken off the list; `again` puts it back. */
  take(): Difference<Value>[] {
    return this.#map.take().flatMap((id) => {
      const key = this.#keys[id];
      return key === undefined ? [] : [{ key, desired: this.#desired[id], actual: this.#actual[id] }];
    });
  }

  again(key: string): void {
    const id = this.#ids.get(key);
    if (id !== undefined) this.#map.again(id);
  }

  /** The key's number; none is given to a key of which there is nothing to say. */
  #id(key: string, value: Value | undefined): number | undefined {
    const known = this.#ids.get(key);
    if (known !== undefined || value === undefined) return known;
    const id = this.#free.pop() ?? this.#keys.length;
    this.#keys[id] = key;
    this.#ids.set(key, id);
    return id;
  }

  #giveUp(key: string, id: number): void {
    if (this.#desired[id] !== undefined || this.#actual[id] !== undefined) return;
    this.#ids.delete(key);
    this.#keys[id] = undefined;
    this.#free.push(id);
  }

  /** 0 for nothing; the other side's number for what says the same as there; else one that neither side has. */
  #number(
    value: Value | undefined,
    other: Value | undefined,
    ofOther: number,
    before: Value | undefined,
    ofBefore: number,
  ): number {
    if (value === undefined) return 0;
    if (other !== undefined && this.#same(value, other)) return ofOther;
    if (before !== undefined && ofBefore !== ofOther && this.#same(value, before)) return ofBefore;
    return [1, 2, 3].find((number) => number !== ofOther && number !== ofBefore) ?? 0;
  }
}
