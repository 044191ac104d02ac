import type { Family } from '../../base/index.ts';
import type { PolicySettings } from '../../calc/desired/index.ts';
import type { Direction, Policy } from '../../policy/index.ts';
import type { FilterPart } from '../filter/index.ts';
import { renderOpenGate, renderStretch, type Stretch } from './gate.ts';
import { Users } from './users.ts';

type Put = (family: Family, name: string, part: FilterPart | undefined) => void;

/** The parts that stretches are, each as long as some class asks it. */
export class StretchParts {
  readonly #settings: PolicySettings;
  readonly #families: readonly Family[];
  readonly #order: Readonly<Record<Direction, number>>;
  readonly #put: Put;
  readonly #stretches = new Map<string, Stretch>();
  /** Stretch → classes that ask it. */
  readonly #askers = new Users();
  /** Policy → stretches that it is in. */
  readonly #neighbours = new Users();
  readonly #due = new Set<string>();

  /** `order`: behind the policies, before the classes. `put` writes a part of the table of a family. */
  constructor(
    settings: PolicySettings,
    families: readonly Family[],
    order: Readonly<Record<Direction, number>>,
    put: Put,
  ) {
    this.#settings = settings;
    this.#families = families;
    this.#order = order;
    this.#put = put;
  }

  /** A policy is another. */
  changed(policy: string): void {
    for (const name of this.#neighbours.of(policy)) this.#due.add(name);
  }

  /** Sets what a class asks from now on. */
  asked(by: string, stretches: readonly Stretch[]): void {
    for (const stretch of stretches) this.#stretches.set(stretch.name, stretch);
    const names = stretches.map(({ name }) => name);
    for (const name of this.#askers.put(by, names)) this.#due.add(name);
  }

  /** Writes those that may be others. */
  write(policies: { get(key: string): Policy | undefined }): void {
    for (const name of this.#due) {
      const stretch = this.#askers.has(name) ? this.#stretches.get(name) : undefined;
      this.#neighbours.put(name, stretch?.policies ?? []);
      if (stretch === undefined) this.#stretches.delete(name);
      const its = stretch?.policies.flatMap((key) => policies.get(key) ?? []) ?? [];
      for (const family of this.#families) {
        this.#put(family, `stretch ${name}`, stretch && this.#part(stretch, its, family));
      }
    }
    this.#due.clear();
  }

  #part(stretch: Stretch, policies: readonly Policy[], family: Family): FilterPart {
    return {
      what: `stretch ${stretch.name}`,
      order: this.#order[stretch.direction],
      contents: renderStretch(stretch, policies, family, this.#settings),
      instead: renderOpenGate(stretch, policies, this.#settings),
    };
  }
}
