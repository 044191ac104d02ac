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
    const values = inputs.map((input: Cell<unknown>) => input());
    if (known?.every((one, index) => one === values[index])) return value;
    const now = work(...(values as Values));
    if (known === undefined || !same(value, now)) value = now;
    known = values;
    return value;
  };
}

/** An operator that remembers what it has seen, as the work of a cell. */
export function keeping<Inputs extends unknown[], T>(operator: {
  run(...inputs: Inputs): T;
}): (...inputs: Inputs) => T {
  return (...inputs) => operator.run(...inputs);
}
