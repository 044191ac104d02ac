import { type Address, tryParseAddress } from '../base/index.ts';

/** Elements of a listed set that are found at once, and the others, which have to be gone through. */
interface SetIndex {
  readonly known: ReadonlySet<string>;
  readonly others: readonly unknown[];
}

type Value = string | number | Address | readonly Value[];

/** A listing never changes: what was made of it is kept as long as it is. */
const indices = new WeakMap<readonly unknown[], SetIndex>();

/** Whether the value is one of the plain elements: numbers, addresses and concatenations of them. */
export function isIndexed(elements: readonly unknown[], value: Value): boolean {
  const key = keyOf(value);
  return key !== undefined && indexOf(elements).known.has(key);
}

/** Networks, ranges and whatever else is no plain value. */
export function notIndexed(elements: readonly unknown[]): readonly unknown[] {
  return indexOf(elements).others;
}

function indexOf(elements: readonly unknown[]): SetIndex {
  let index = indices.get(elements);
  if (index === undefined) {
    const [known, others]: [Set<string>, unknown[]] = [new Set(), []];
    for (const element of elements) {
      const key = keyOfElement(element);
      if (key === undefined) others.push(element);
      else known.add(key);
    }
    index = { known, others };
    indices.set(elements, index);
  }
  return index;
}

function keyOf(value: Value): string | undefined {
  if (typeof value === 'number') return `${value}`;
  if (typeof value === 'string') return undefined;
  if ('family' in value) return `${value.family} ${value.value}`;
  const parts = value.map(keyOf);
  return parts.includes(undefined) ? undefined : parts.join(' . ');
}

function keyOfElement(element: unknown): string | undefined {
  if (typeof element === 'number') return `${element}`;
  if (typeof element === 'string') {
    const address = tryParseAddress(element);
    return address && `${address.family} ${address.value}`;
  }
  if (typeof element !== 'object' || element === null || !('concat' in element)) return undefined;
  const parts = (element.concat as readonly unknown[]).map(keyOfElement);
  return parts.includes(undefined) ? undefined : parts.join(' . ');
}
