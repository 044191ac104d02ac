import { type Entries, EntriesWriter } from '../../base/index.ts';

/** Objects → what was made of each, which is done once for each state of an object. */
export class Readings<In, Out> {
  readonly #make: (object: In) => Out | undefined;
  readonly #writer: EntriesWriter<Out>;
  #seen: readonly Entries<In>[] = [];

  constructor(make: (object: In) => Out | undefined, same: (a: Out, b: Out) => boolean = Object.is) {
    this.#make = make;
    this.#writer = new EntriesWriter(same);
  }

  /** Of several kinds together: a key then begins with the place of its kind. */
  run(...kinds: readonly Entries<In>[]): Entries<Out> {
    for (const [at, objects] of kinds.entries()) {
      for (const [key, now] of objects.since(this.#seen[at])) {
        this.#writer.set(kinds.length > 1 ? partKey(at, key) : key, now && this.#make(now));
      }
    }
    this.#seen = kinds;
    return this.#writer.commit();
  }
}

/** The key of an object whose kind is one of several. */
export function partKey(place: number, key: string): string {
  return `${place} ${key}`;
}
