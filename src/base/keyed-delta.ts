import { DeltaMap } from './delta-map.ts';

/**
 * `DeltaMap` for things that are few and have names: keys and values are given small numbers, and values with the
 * same text count as equal. One way of finding differences serves a handful of links and a million routes.
 */
export class KeyedDelta<Value> {
  readonly #map = new DeltaMap(16);
  readonly #keys: string[] = [];
  readonly #keyIds = new Map<string, number>();
  readonly #values: Value[] = [];
  readonly #valueIds = new Map<string, number>();
  readonly #text: (value: Value) => string;

  /** `text` must be equal for values that need no change between them. */
  constructor(text: (value: Value) => string = (value) => JSON.stringify(value)) {
    this.#text = text;
  }

  /** Makes the whole of `wanted` the desired state: what is not in it is not desired. */
  setAllDesired(wanted: ReadonlyMap<string, Value>): void {
    for (const [key, id] of this.#keyIds) if (!wanted.has(key)) this.#map.setDesired(id, 0);
    for (const [key, value] of wanted) this.setDesired(key, value);
  }

  /** Makes the whole of `found` the actual state. */
  setAllActual(found: ReadonlyMap<string, Value>): void {
    for (const [key, id] of this.#keyIds) if (!found.has(key)) this.#map.setActual(id, 0);
    for (const [key, value] of found) this.setActual(key, value);
  }

  setDesired(key: string, value: Value | undefined): void {
    this.#map.setDesired(this.#key(key), this.#value(value));
  }

  setActual(key: string, value: Value | undefined): void {
    this.#map.setActual(this.#key(key), this.#value(value));
  }

  desired(key: string): Value | undefined {
    return this.#values[this.#map.desired(this.#keyIds.get(key) ?? Number.MAX_SAFE_INTEGER) - 1];
  }

  actual(key: string): Value | undefined {
    return this.#values[this.#map.actual(this.#keyIds.get(key) ?? Number.MAX_SAFE_INTEGER) - 1];
  }

  get pending(): boolean {
    return this.#map.pending;
  }

  /** Keys whose desired and actual values differ, with both. Each is taken off the list; `again` puts it back. */
  take(): { key: string; desired: Value | undefined; actual: Value | undefined }[] {
    return this.#map.take().map((id) => ({
      key: this.#keys[id],
      desired: this.#values[this.#map.desired(id) - 1],
      actual: this.#values[this.#map.actual(id) - 1],
    }));
  }

  again(key: string): void {
    this.#map.again(this.#key(key));
  }

  #key(key: string): number {
    let id = this.#keyIds.get(key);
    if (id === undefined) {
      id = this.#keys.push(key) - 1;
      this.#keyIds.set(key, id);
    }
    return id;
  }

  /** Ids start at 1: 0 is "nothing". */
  #value(value: Value | undefined): number {
    if (value === undefined) return 0;
    const text = this.#text(value);
    let id = this.#valueIds.get(text);
    if (id === undefined) {
      id = this.#values.push(value);
      this.#valueIds.set(text, id);
    }
    return id;
  }
}
