import { type Entries, EntriesWriter, type Family, type Prefix, parsePrefix } from '../../base/index.ts';
import type { DesiredSet } from '../../calc/desired/index.ts';
import { addresses, addressType, type Contents } from '../filter/index.ts';
import { setName } from './names.ts';
import { OutermostNets } from './outermost-nets.ts';

const NOTHING: Contents = { chains: [] };

/** The share of one family in a set. */
interface Half {
  readonly members: EntriesWriter<string>;
  readonly nets: OutermostNets;
  contents: Contents;
}

/**
 * One set as elements by family: a member that comes or goes is one element, however many there are. What is of none of its
 * families is left out.
 */
export class RenderedSet {
  readonly #key: string;
  readonly #halves: ReadonlyMap<Family, Half>;
  #seen: DesiredSet | undefined;

  constructor(key: string, families: readonly Family[]) {
    this.#key = key;
    this.#halves = new Map(
      families.map((family) => [
        family,
        { members: new EntriesWriter<string>(Object.is), nets: new OutermostNets(), contents: NOTHING },
      ]),
    );
  }

  /** Whether rules have to look among networks too. */
  hasNets(family: Family): boolean {
    return (this.#halves.get(family)?.nets.size ?? 0) > 0;
  }

  /** How many elements it has. */
  size(family: Family): number {
    return (this.contents(family).sets ?? []).reduce((sum, [, entries]) => sum + sizeOf(entries), 0);
  }

  /** In its one or two forms; the same object as before while it says the same. */
  contents(family: Family): Contents {
    return this.#halves.get(family)?.contents ?? NOTHING;
  }

  /** Takes in what the set is now. */
  update(set: DesiredSet): void {
    const before = this.#seen;
    this.#seen = set;
    for (const [member, now, former] of set.members.since(before?.members)) {
      if (former !== undefined && former !== now) this.#halves.get(former)?.members.set(member, undefined);
      if (now !== undefined) this.#halves.get(now)?.members.set(member, member);
    }
    const nets = set.nets.since(before?.nets);
    for (const [family, half] of this.#halves) {
      const shown = half.nets.change(...netChanges(nets, family));
      half.contents = this.#contents(set.of, family, half.members.commit(), shown, half);
    }
  }

  #contents(
    of: DesiredSet['of'],
    family: Family,
    members: Entries<string>,
    nets: Entries<string>,
    { contents, nets: { size } }: Half,
  ): Contents {
    const type = addressType(family);
    const key = this.#key;
    const wanted = [members, ...(size > 0 ? [nets] : [])];
    const { sets = [] } = contents;
    if (sets.length === wanted.length && sets.every(([, entries], index) => entries === wanted[index])) return contents;
    const single =
      of === 'ports' ? { name: setName('p', key), type: `${type} . inet_proto . inet_service` } : undefined;
    return {
      sets: [
        [single ?? { name: setName('s', key), type }, members] as const,
        ...(size > 0 ? [[addresses(family, setName('i', key)), nets] as const] : []),
      ],
      chains: [],
    };
  }
}

function sizeOf(elements: Entries<string> | readonly string[]): number {
  return 'size' in elements ? elements.size : elements.length;
}

type NetChanges = readonly [added: ReadonlyMap<string, Prefix>, gone: ReadonlyMap<string, Prefix>];

function netChanges(
  changes: readonly (readonly [net: string, now: Family | undefined, before: Family | undefined])[],
  family: Family,
): NetChanges {
  const [added, gone] = [new Map<string, Prefix>(), new Map<string, Prefix>()];
  for (const [net, now, before] of changes) {
    if (now === before) continue;
    if (now === family) added.set(net, parsePrefix(net));
    else if (before === family) gone.set(net, parsePrefix(net));
  }
  return [added, gone];
}
