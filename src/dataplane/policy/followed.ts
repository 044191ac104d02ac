import { type Entries, EntriesWriter, same } from '../../base/index.ts';
import type { FilterPart } from '../filter/index.ts';

/** The group of nflog that drops are told in, while somebody follows. */
export const DROP_GROUP = 100;
/** Of each drop: enough to see what happens, and no more than a reader can take. */
const RATE = 'limit rate 10/second burst 20 packets';
const OCTETS = 160;
const DROP = /^drop-/;
const NAME = 'followed drops';

/** The parts of a table with one more, that tells of each packet before it is dropped. The others stay as they are. */
export class FollowedParts {
  readonly #writer = new EntriesWriter<FilterPart>(same);
  #seen: Entries<FilterPart> | undefined;

  of(parts: Entries<FilterPart>): Entries<FilterPart> {
    for (const [key, now] of parts.since(this.#seen)) this.#writer.set(key, now);
    this.#seen = parts;
    const chains = [...dropsOf(parts)].map(([name, why]) => [
      { name },
      [{ expression: `${RATE} log prefix "${name}" group ${DROP_GROUP} snaplen ${OCTETS}`, why: `${why}, told` }],
    ]) as FilterPart['contents']['chains'];
    const part: FilterPart = { what: 'telling of drops', order: FIRST, contents: { chains } };
    this.#writer.set(NAME, chains.length === 0 ? undefined : part);
    return this.#writer.commit();
  }
}

/** Before what the parts themselves say in the same chains. */
const FIRST = -1;

/** Each chain that drops, and why. */
export function dropsOf(parts: Entries<FilterPart>): ReadonlyMap<string, string> {
  const drops = new Map<string, string>();
  for (const { contents, instead } of parts.values()) {
    for (const [{ name }, rules] of [...contents.chains, ...(instead?.chains ?? [])]) {
      if (DROP.test(name)) drops.set(name, rules[0]?.why ?? name);
    }
  }
  return drops;
}
