import type { Labels, Selector } from '../model/index.ts';
import { ByPair } from './by-pair.ts';

interface Pair {
  readonly label: string;
  readonly value: string;
}

/** Labels with a value, of which all that a selector matches has one. */
export type Home = readonly Pair[];

/**
 * Selectors where they are at home: at a label and value that they can't match without. Of several such, that is the home
 * where fewest others are: `app == 'web'` in a thousand namespaces is looked for in its namespace.
 */
export class SelectorHomes<One> {
  readonly #at = new ByPair<One>();

  /** The home for a selector; undefined when it may match without any pair. */
  homeOf(selector: Selector): Home | undefined {
    switch (selector.kind) {
      case '==':
        return [{ label: selector.label, value: selector.value }];
      case 'in':
        return [...selector.values].map((value) => ({ label: selector.label, value }));
      case 'and': {
        const homes = selector.operands.flatMap((operand) => {
          const home = this.homeOf(operand);
          return home === undefined ? [] : [{ home, count: this.#inhabitants(home) }];
        });
        return homes.length === 0 ? undefined : homes.reduce((a, b) => (a.count <= b.count ? a : b)).home;
      }
      case 'or': {
        const homes = selector.operands.map((operand) => this.homeOf(operand));
        return homes.every((home) => home !== undefined) ? homes.flat() : undefined;
      }
      default:
        return undefined;
    }
  }

  add(home: Home, one: One): void {
    for (const { label, value } of home) this.#at.add(label, value, one);
  }

  delete(home: Home, one: One): void {
    for (const { label, value } of home) this.#at.delete(label, value, one);
  }

  /** All that may match what has these labels. */
  *of(labels: Labels): Iterable<One> {
    for (const [label, value] of Object.entries(labels)) yield* this.#at.get(label, value) ?? [];
  }

  #inhabitants(home: Home): number {
    return home.reduce((sum, { label, value }) => sum + (this.#at.get(label, value)?.size ?? 0), 0);
  }
}
