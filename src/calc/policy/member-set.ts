import { Entries, EntriesWriter, type Family } from '../../base/index.ts';
import type { DesiredSet } from '../desired/index.ts';

/** One member of a set: an address, an address with protocol and port, or a network of more than one address. */
export interface Member {
  readonly text: string;
  readonly family: Family;
  readonly isNet: boolean;
}

const NO_NETS = Entries.of<Family>();

/** A set whose members several may claim: one stays as long as somebody does. */
export class MemberSet {
  readonly of: DesiredSet['of'];
  readonly #members = new Counted();
  /** Most sets have none. */
  #nets: Counted | undefined;
  #committed: DesiredSet | undefined;

  constructor(of: DesiredSet['of']) {
    this.of = of;
  }

  add(members: Iterable<Member>): void {
    for (const { text, family, isNet } of members) {
      if (isNet) (this.#nets ??= new Counted()).add(text, family);
      else this.#members.add(text, family);
    }
  }

  remove(members: Iterable<Member>): void {
    for (const { text, isNet } of members) (isNet ? this.#nets : this.#members)?.remove(text);
  }

  /** The set as it is now: the same object as before when nothing has changed. */
  commit(): DesiredSet {
    const [members, nets] = [this.#members.commit(), this.#nets?.commit() ?? NO_NETS];
    if (this.#committed?.members !== members || this.#committed.nets !== nets) {
      this.#committed = { of: this.of, members, nets };
    }
    return this.#committed;
  }
}

class Counted {
  readonly #writer = new EntriesWriter<Family>(Object.is);
  /** How many more than one claim a member; hardly any. */
  readonly #more = new Map<string, number>();

  add(text: string, family: Family): void {
    if (!this.#writer.set(text, family)) this.#more.set(text, (this.#more.get(text) ?? 0) + 1);
  }

  remove(text: string): void {
    const more = this.#more.get(text);
    if (more === undefined) this.#writer.set(text, undefined);
    else if (more === 1) this.#more.delete(text);
    else this.#more.set(text, more - 1);
  }

  commit(): Entries<Family> {
    return this.#writer.commit();
  }
}
