/** Work about one thing is done one after another, whatever becomes of it; about different things, side by side. */
export class WorkloadTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(work, work);
    this.#last.set(key, turn);
    const clear = (): void => void (this.#last.get(key) === turn && this.#last.delete(key));
    turn.then(clear, clear);
    return turn;
  }
}
