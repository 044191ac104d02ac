import {
  type Atom,
  atomsOf,
  evaluate,
  formatSelector,
  type Labels,
  parseSelector,
  type Selector,
} from '../model/index.ts';

/**
 * A selector that somebody uses, and what it matches now. Equal selectors are one of these, however they are written.
 */
export interface Selection {
  readonly selector: Selector;
  /** The one way of writing it. */
  readonly text: string;
  readonly members: ReadonlySet<string>;
}

/** The consequence of a thing's new labels: the selections that match it since, and those that do no longer. */
export interface Turn {
  readonly started: readonly Selection[];
  readonly stopped: readonly Selection[];
}

interface Kept extends Selection {
  readonly members: Set<string>;
  /** What matches has one of these; undefined where there is no such word of it. */
  readonly home: readonly Pair[] | undefined;
  /** What its outcome hangs on, where it has no home. */
  readonly atoms: readonly Atom[];
  /** Whether it matches what has no labels. */
  readonly matchesBare: boolean;
  users: number;
}

interface Pair {
  readonly label: string;
  readonly value: string;
}

/** The selectors that ask about one label. */
interface Asked {
  readonly values: Map<string, Set<Kept>>;
  readonly presence: Set<Kept>;
  readonly text: Set<Kept>;
}

const NO_LABELS: Labels = {};

/**
 * Labelled things ⇄ selectors, kept incrementally: nodes and the selectors of BGPPeers, pods and those of policies.
 *
 *     things by label and value ──► who may match a new selector
 *     selectors at their home, a label and value that they can't match without ──► whose outcome a change can turn
 *     others by what they ask of a label (`Atom`) ──► the same
 *
 * Of the pairs that a selector requires, that is its home where fewest others are: `app == 'web'` in a thousand namespaces is
 * looked for in its namespace. So a changed label costs few selectors, and a new selector the things with the rarest label
 * that it requires. Nothing is parsed twice, and what nobody uses any more is forgotten.
 */
export class LabelIndex {
  readonly #labels = new Map<string, Labels>();
  /** By label, then value: who has it. */
  readonly #things = new Map<string, Map<string, Set<string>>>();
  readonly #selections = new Map<string, Kept>();
  readonly #asked = new Map<string, Asked>();
  /** By label, then value. */
  readonly #homes = new Map<string, Map<string, Set<Kept>>>();
  /** Selections that match what has no labels. */
  readonly #bare = new Set<Kept>();

  /** The selection of a selector or its text, matched already; `release` it as often. Throws `SelectorError`. */
  select(wanted: string | Selector): Selection {
    const selector = typeof wanted === 'string' ? parseSelector(wanted) : wanted;
    const canonical = formatSelector(selector);
    const known = this.#selections.get(canonical);
    if (known !== undefined) {
      known.users++;
      return known;
    }
    const candidates = this.#narrow(selector);
    const home = this.#homeOf(selector);
    const made: Kept = {
      selector,
      text: canonical,
      members: new Set(),
      home,
      atoms: home === undefined ? atomsOf(selector) : [],
      matchesBare: evaluate(selector, NO_LABELS),
      users: 1,
    };
    for (const group of candidates?.groups ?? [this.#labels.keys()]) {
      for (const id of group) if (evaluate(selector, this.#labels.get(id) ?? NO_LABELS)) made.members.add(id);
    }
    this.#selections.set(canonical, made);
    for (const atom of made.atoms) this.#askersOf(atom).add(made);
    for (const { label, value } of home ?? []) put(this.#homes, label, value, made);
    if (made.matchesBare) this.#bare.add(made);
    return made;
  }

  release({ text }: Selection): void {
    const known = this.#selections.get(text);
    if (known === undefined || --known.users > 0) return;
    this.#selections.delete(text);
    this.#bare.delete(known);
    for (const atom of known.atoms) this.#forget(atom, known);
    for (const { label, value } of known.home ?? []) take(this.#homes, label, value, known);
  }

  /** The thing has these labels now; undefined when it is gone. */
  label(id: string, labels: Labels | undefined): Turn {
    const before = this.#labels.get(id);
    const [was, is] = [before ?? NO_LABELS, labels ?? NO_LABELS];
    const touched = new Set<Kept>();
    // Things that come or go are matched by these as well.
    if (before === undefined || labels === undefined) for (const one of this.#bare) touched.add(one);
    let isOther = false;
    for (const label of Object.keys({ ...was, ...is })) {
      const [former, value] = [ownValue(was, label), ownValue(is, label)];
      if (former === value) continue;
      isOther = true;
      this.#relabel(id, label, former, value, touched);
    }
    if (isOther) for (const one of [was, is]) this.#touchAtHome(one, touched);
    if (labels === undefined) this.#labels.delete(id);
    else this.#labels.set(id, labels);
    const started: Selection[] = [];
    const stopped: Selection[] = [];
    for (const one of touched) {
      const matches = labels !== undefined && evaluate(one.selector, labels);
      if (matches === one.members.has(id)) continue;
      if (matches) one.members.add(id);
      else one.members.delete(id);
      (matches ? started : stopped).push(one);
    }
    return { started, stopped };
  }

  /** The selections that match a thing. */
  *matching(id: string): Iterable<Selection> {
    const labels = this.#labels.get(id);
    if (labels === undefined) return;
    const touched = new Set(this.#bare);
    for (const [label, value] of Object.entries(labels)) this.#touch(label, undefined, value, touched);
    this.#touchAtHome(labels, touched);
    for (const one of touched) if (one.members.has(id)) yield one;
  }

  /** How many selectors are in use, equal ones counted once. */
  get size(): number {
    return this.#selections.size;
  }

  #relabel(id: string, label: string, was: string | undefined, is: string | undefined, touched: Set<Kept>): void {
    this.#touch(label, was, is, touched);
    if (was !== undefined) take(this.#things, label, was, id);
    if (is !== undefined) put(this.#things, label, is, id);
  }

  #touchAtHome(labels: Labels, touched: Set<Kept>): void {
    for (const [label, value] of Object.entries(labels)) {
      for (const one of this.#homes.get(label)?.get(value) ?? []) touched.add(one);
    }
  }

  /** Pairs of which all that matches has one; undefined when it may have none of any. */
  #homeOf(selector: Selector): readonly Pair[] | undefined {
    switch (selector.kind) {
      case '==':
        return [{ label: selector.label, value: selector.value }];
      case 'in':
        return [...selector.values].map((value) => ({ label: selector.label, value }));
      case 'and': {
        const homes = selector.operands.flatMap((operand) => {
          const pairs = this.#homeOf(operand);
          return pairs === undefined ? [] : [{ pairs, count: this.#inhabitants(pairs) }];
        });
        return homes.length === 0 ? undefined : homes.reduce((a, b) => (a.count <= b.count ? a : b)).pairs;
      }
      case 'or': {
        const homes = selector.operands.map((operand) => this.#homeOf(operand));
        return homes.every((home) => home !== undefined) ? homes.flat() : undefined;
      }
      default:
        return undefined;
    }
  }

  #inhabitants(pairs: readonly Pair[]): number {
    return pairs.reduce((sum, { label, value }) => sum + (this.#homes.get(label)?.get(value)?.size ?? 0), 0);
  }

  /** Whose outcome it can turn that the label goes from one value to another. */
  #touch(label: string, was: string | undefined, is: string | undefined, touched: Set<Kept>): void {
    const asked = this.#asked.get(label);
    if (asked === undefined) return;
    for (const one of asked.text) touched.add(one);
    if (was === undefined || is === undefined) for (const one of asked.presence) touched.add(one);
    for (const value of [was, is]) for (const one of asked.values.get(value ?? '') ?? []) touched.add(one);
  }

  /** Things among which all matches are, in as small groups as can be told; undefined when it may be any. */
  #narrow(selector: Selector): { readonly count: number; readonly groups: readonly Iterable<string>[] } | undefined {
    switch (selector.kind) {
      case '==':
        return counted([this.#things.get(selector.label)?.get(selector.value)]);
      case 'in':
        return counted([...selector.values].map((value) => this.#things.get(selector.label)?.get(value)));
      case 'has':
      case 'contains':
      case 'starts with':
      case 'ends with':
        return counted([...(this.#things.get(selector.label)?.values() ?? [])]);
      case 'and': {
        const parts = selector.operands.flatMap((operand) => this.#narrow(operand) ?? []);
        return parts.length === 0 ? undefined : parts.reduce((a, b) => (a.count <= b.count ? a : b));
      }
      case 'or': {
        const parts = selector.operands.map((operand) => this.#narrow(operand));
        if (!parts.every((part) => part !== undefined)) return undefined;
        return {
          count: parts.reduce((sum, { count }) => sum + count, 0),
          groups: parts.flatMap(({ groups }) => groups),
        };
      }
      default:
        return undefined;
    }
  }

  #askersOf(atom: Atom): Set<Kept> {
    let asked = this.#asked.get(atom.label);
    if (asked === undefined) {
      asked = { values: new Map(), presence: new Set(), text: new Set() };
      this.#asked.set(atom.label, asked);
    }
    if (atom.asks !== 'value') return asked[atom.asks];
    const askers = asked.values.get(atom.value) ?? new Set<Kept>();
    asked.values.set(atom.value, askers);
    return askers;
  }

  #forget(atom: Atom, one: Kept): void {
    const asked = this.#asked.get(atom.label);
    if (asked === undefined) return;
    this.#askersOf(atom).delete(one);
    if (atom.asks === 'value' && asked.values.get(atom.value)?.size === 0) asked.values.delete(atom.value);
    if (asked.values.size + asked.presence.size + asked.text.size === 0) this.#asked.delete(atom.label);
  }
}

type ByPair<V> = Map<string, Map<string, Set<V>>>;

function put<V>(all: ByPair<V>, label: string, value: string, one: V): void {
  const values = all.get(label) ?? new Map<string, Set<V>>();
  all.set(label, values.set(value, (values.get(value) ?? new Set<V>()).add(one)));
}

function take<V>(all: ByPair<V>, label: string, value: string, one: V): void {
  const values = all.get(label);
  const left = values?.get(value);
  left?.delete(one);
  if (left?.size === 0) values?.delete(value);
  if (values?.size === 0) all.delete(label);
}

/** A label may be called as what every object has. */
function ownValue(labels: Labels, label: string): string | undefined {
  return Object.hasOwn(labels, label) ? labels[label] : undefined;
}

function counted(groups: readonly (ReadonlySet<string> | undefined)[]) {
  const there = groups.filter((group) => group !== undefined);
  return { count: there.reduce((sum, { size }) => sum + size, 0), groups: there };
}
