import type { ElementChange, SetElement } from '../netlink/index.ts';
import { readElement, readValue } from './element-data.ts';
import type { NamedSet } from './objects.ts';
import type { Operation } from './operation.ts';
import type { Transaction } from './transaction.ts';

/** The name of an element of a change in the transaction. */
export function elementName({ operations }: Transaction, change: number, element: number): string | undefined {
  const operation = operations[change];
  switch (operation?.kind) {
    case 'add element':
    case 'delete element':
      return `${operation.elements[element]} of ${operation.set.name}`;
    case 'add map element':
    case 'delete map element':
      return `${operation.entries[element]?.key} of ${operation.map.name}`;
    default:
      return undefined;
  }
}

/** An operation that changes elements; undefined for all others, and where there is a type or a word that only nft knows. */
export function elementChange(operation: Operation): ElementChange | undefined {
  switch (operation.kind) {
    case 'add element':
    case 'delete element': {
      const { set } = operation;
      const elements = all(operation.elements, (text) => keyOf(set, text));
      return elements && { verb: operation.kind === 'add element' ? 'add' : 'delete', set: set.name, elements };
    }
    case 'add map element':
    case 'delete map element': {
      const { map } = operation;
      const elements = all(operation.entries, ({ key, value }) => {
        const [element, data] = [keyOf(map, key), readValue(map.value, value)];
        return element === undefined || data === undefined ? undefined : { ...element, value: data };
      });
      return elements && { verb: operation.kind === 'add map element' ? 'add' : 'delete', set: map.name, elements };
    }
    default:
      return undefined;
  }
}

/** Sets that merge what they are given, or forget it by themselves, are nft's business. */
function keyOf(set: NamedSet, text: string): SetElement | undefined {
  const { type, flags = [], autoMerge = false } = set;
  if (autoMerge || flags.some((flag) => flag !== 'interval')) return undefined;
  return readElement(type, flags.includes('interval'), text);
}

function all<T>(texts: readonly T[], read: (text: T) => SetElement | undefined): readonly SetElement[] | undefined {
  const elements: SetElement[] = [];
  for (const text of texts) {
    const element = read(text);
    if (element === undefined) return undefined;
    elements.push(element);
  }
  return elements;
}
