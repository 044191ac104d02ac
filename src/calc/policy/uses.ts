/** How many use each of some things, and for which of them that became some, or none, since somebody asked. */
export class Uses {
  readonly #counts = new Map<string, number>();
  readonly #turned = new Set<string>();

  add(key: string): void {
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    if (count === 0) this.#turned.add(key);
  }

  remove(key: string): void {
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else if (this.#counts.delete(key)) this.#turned.add(key);
  }

  has(key: string): boolean {
    return this.#counts.has(key);
  }

  /** Of those that are in use now and were not, or the other way round. */
  turned(): readonly string[] {
    const keys = [...this.#turned];
    this.#turned.clear();
    return keys;
  }
}
