/** Things by a label and a value that they have. */
export class ByPair<V> {
  readonly #labels = new Map<string, Map<string, Set<V>>>();

  add(label: string, value: string, one: V): void {
    const values = this.#labels.get(label) ?? new Map<string, Set<V>>();
    this.#labels.set(label, values.set(value, (values.get(value) ?? new Set<V>()).add(one)));
  }

  delete(label: string, value: string, one: V): void {
    const values = this.#labels.get(label);
    const left = values?.get(value);
    left?.delete(one);
    if (left?.size === 0) values?.delete(value);
    if (values?.size === 0) this.#labels.delete(label);
  }

  get(label: string, value: string): ReadonlySet<V> | undefined {
    return this.#labels.get(label)?.get(value);
  }

  /** By value. */
  groups(label: string): Iterable<ReadonlySet<V>> {
    return this.#labels.get(label)?.values() ?? [];
  }
}
