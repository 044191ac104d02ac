/** The users of each thing: a relation that is asked the other way round. */
export class Users {
  readonly #uses = new Map<string, ReadonlySet<string>>();
  readonly #users = new Map<string, Set<string>>();

  /** Sets what the user uses. Returns what it has taken up or given up. */
  put(user: string, used: Iterable<string>): readonly string[] {
    const [before, now] = [this.#uses.get(user), new Set(used)];
    const changed: string[] = [];
    for (const one of before ?? []) {
      if (now.has(one)) continue;
      changed.push(one);
      const users = this.#users.get(one);
      users?.delete(user);
      if (users?.size === 0) this.#users.delete(one);
    }
    for (const one of now) {
      if (before?.has(one)) continue;
      changed.push(one);
      const users = this.#users.get(one);
      if (users === undefined) this.#users.set(one, new Set([user]));
      else users.add(user);
    }
    if (now.size === 0) this.#uses.delete(user);
    else if (changed.length > 0) this.#uses.set(user, now);
    return changed;
  }

  has(used: string): boolean {
    return this.#users.has(used);
  }

  of(used: string): Iterable<string> {
    return this.#users.get(used) ?? [];
  }
}
