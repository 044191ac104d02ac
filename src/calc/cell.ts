/** A place in the calculation: asked for its value, it works that out again only when one of its inputs is another. */
export type Cell<T> = () => T;

type CellsOf<Values extends unknown[]> = { readonly [Index in keyof Values]: Cell<Values[Index]> };

/**
 * Joins cells: `work` gets the values of `inputs`, and nothing else, so no input can be forgotten. When it gives what is
 * the `same` as before, the former object stays, and nothing that follows from it is worked out again.
 */
export function cell<Values extends unknown[], T>(
  inputs: readonly [...CellsOf<Values>],
  work: (...values: NoInfer<Values>) => T,
  same: (a: NoInfer<T>, b: NoInfer<T>) => boolean = Object.is,
): Cell<T> {
  let known: readonly unknown[] | undefined;
  let value: T;
  return () => {
    const values = valuesOf(inputs, known);
    if (values === known) return value;
    const now = work(...(values as Values));
    if (known === undefined || !same(value, now)) value = now;
    known = values;
    return value;
  };
}

/** The values of the cells now; those that were `known`, as the same object, where none is another. */
function valuesOf(inputs: readonly Cell<unknown>[], known: readonly unknown[] | undefined): readonly unknown[] {
  let values: unknown[] | undefined;
  for (let index = 0; index < inputs.length; index++) {
    const value = inputs[index]();
    if (values === undefined) {
      if (known !== undefined && known[index] === value) continue;
      values = known === undefined ? [] : known.slice(0, index);
    }
    values.push(value);
  }
  return values ?? known ?? [];
}

/** An operator that remembers what it has seen, as the work of a cell. */
export function keeping<Inputs extends unknown[], T>(operator: {
  run(...inputs: Inputs): T;
}): (...inputs: Inputs) => T {
  return (...inputs) => operator.run(...inputs);
}
