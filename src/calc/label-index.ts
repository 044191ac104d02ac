import {
  type Atom,
  atomsOf,
  evaluate,
  formatSelector,
  type Labels,
  parseSelector,
  type Selector,
} from '../model/index.ts';
import { ByPair } from './by-pair.ts';
import { type Home, SelectorHomes } from './selector-homes.ts';

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
  readonly home: Home | undefined;
  /** What its outcome hangs on, where it has no home. */
  readonly atoms: readonly Atom[];
  /** Whether it matches what has no labels. */
  readonly matchesBare: boolean;
  users: number;
}

/** The selectors that ask about one label. */
interface Asked {
  readonly values: Map<string, Set<Kept>>;
  readonly presence: Set<Kept>;
  readonly text: Set<Kept>;
}

/** Things among which all that match are. */
interface Narrowed {
  readonly count: number;
  readonly groups: readonly Iterable<string>[];
  /** What is still to be asked of each. */
  readonly rest: readonly Selector[];
}

const NO_LABELS: Labels = {};

/**
 * Labelled things ⇄ selectors, kept incrementally: nodes and the selectors of BGPPeers, pods and those of policies.
 *
 *     things by label and value ──► who may match a new selector
 *     selectors at their home (`SelectorHomes`), others by what they ask of a label (`Atom`)
 *                                ──► whose outcome a changed label can turn
 *
 * A changed label costs few selectors; a new selector costs the things with the rarest label that it requires. Nothing is
 * parsed twice, and what nobody uses any more is forgotten.
 */
export class LabelIndex {
  readonly #labels = new Map<string, Labels>();
  /** By label, then value: who has it. */
  readonly #things = new ByPair<string>();
  readonly #selections = new Map<string, Kept>();
  readonly #asked = new Map<string, Asked>();
  readonly #homes = new SelectorHomes<Kept>();
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
    const { groups, rest } = this.#narrow(selector) ?? { groups: [this.#labels.keys()], rest: [selector] };
    const home = this.#homes.homeOf(selector);
    const made: Kept = {
      selector,
      text: canonical,
      members: new Set(),
      home,
      atoms: home === undefined ? atomsOf(selector) : [],
      matchesBare: evaluate(selector, NO_LABELS),
      users: 1,
    };
    for (const group of groups) {
      for (const id of group) if (rest.length === 0 || this.#areTrue(rest, id)) made.members.add(id);
    }
    this.#selections.set(canonical, made);
    for (const atom of made.atoms) this.#askersOf(atom).add(made);
    if (home !== undefined) this.#homes.add(home, made);
    if (made.matchesBare) this.#bare.add(made);
    return made;
  }

  release({ text }: Selection): void {
    const known = this.#selections.get(text);
    if (known === undefined || --known.users > 0) return;
    this.#selections.delete(text);
    this.#bare.delete(known);
    for (const atom of known.atoms) this.#forget(atom, known);
    if (known.home !== undefined) this.#homes.delete(known.home, known);
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
    for (const one of isOther ? [was, is] : []) this.#touchAtHome(one, touched);
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
    if (was !== undefined) this.#things.delete(label, was, id);
    if (is !== undefined) this.#things.add(label, is, id);
  }

  #touchAtHome(labels: Labels, touched: Set<Kept>): void {
    for (const one of this.#homes.of(labels)) touched.add(one);
  }

  /** Whose outcome it can turn that the label goes from one value to another. */
  #touch(label: string, was: string | undefined, is: string | undefined, touched: Set<Kept>): void {
    const asked = this.#asked.get(label);
    if (asked === undefined) return;
    for (const one of asked.text) touched.add(one);
    if (was === undefined || is === undefined) for (const one of asked.presence) touched.add(one);
    for (const value of [was, is]) for (const one of asked.values.get(value ?? '') ?? []) touched.add(one);
  }

  #areTrue(selectors: readonly Selector[], id: string): boolean {
    const labels = this.#labels.get(id) ?? NO_LABELS;
    for (const selector of selectors) if (!evaluate(selector, labels)) return false;
    return true;
  }

  /** Things among which all matches are, in as small groups as can be told; undefined when it may be any. */
  #narrow(selector: Selector): Narrowed | undefined {
    switch (selector.kind) {
      case '==':
        return narrowed([this.#things.get(selector.label, selector.value)]);
      case 'in':
        return narrowed([...selector.values].map((value) => this.#things.get(selector.label, value)));
      case 'has':
        return narrowed([...this.#things.groups(selector.label)]);
      case 'contains':
      case 'starts with':
      case 'ends with':
        return narrowed([...this.#things.groups(selector.label)], [selector]);
      case 'and': {
        let best: (Narrowed & { readonly by: Selector }) | undefined;
        for (const by of selector.operands) {
          const part = this.#narrow(by);
          if (part !== undefined && (best === undefined || part.count < best.count)) best = { ...part, by };
        }
        const { by, rest = [] } = best ?? {};
        return best && { ...best, rest: [...rest, ...selector.operands.filter((operand) => operand !== by)] };
      }
      case 'or': {
        const parts = selector.operands.map((operand) => this.#narrow(operand));
        if (!parts.every((part) => part !== undefined)) return undefined;
        return {
          count: parts.reduce((sum, { count }) => sum + count, 0),
          groups: parts.flatMap(({ groups }) => groups),
          rest: [selector],
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

/** A label may be called as what every object has. */
function ownValue(labels: Labels, label: string): string | undefined {
  return Object.hasOwn(labels, label) ? labels[label] : undefined;
}

function narrowed(groups: readonly (ReadonlySet<string> | undefined)[], rest: readonly Selector[] = []): Narrowed {
  const there = groups.filter((group) => group !== undefined);
  return { count: there.reduce((sum, { size }) => sum + size, 0), groups: there, rest };
}
