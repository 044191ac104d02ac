import { type NamedMap, type NamedSet, type TableListing, Transaction } from '../../nftables/index.ts';

/**
 * What makes the listed table as `wanted`, the transaction that makes it anew, would leave it: nothing; or, where its rules
 * are right, just the elements that differ, since nodes and pods come and go all the time; or all of it.
 */
export function changesTo(wanted: Transaction, found: TableListing | undefined): Transaction {
  if (found === undefined || !hasRules(found, wanted)) return wanted;
  return wanted.operations.reduce((made, operation) => {
    if (operation.kind === 'add set') return setChanges(made, operation.set, wanted, found);
    return operation.kind === 'add map' ? mapChanges(made, operation.map, wanted, found) : made;
  }, new Transaction(wanted.table));
}

/** Rules are known by their comments, which carry a fingerprint of what is declared around them. */
function hasRules(found: TableListing, { operations }: Transaction): boolean {
  const comments = operations.flatMap((operation) => (operation.kind === 'add rule' ? [operation.rule.comment] : []));
  return JSON.stringify(found.rules.map(({ comment }) => comment)) === JSON.stringify(comments);
}

function setChanges(made: Transaction, set: NamedSet, { operations }: Transaction, found: TableListing): Transaction {
  const present = new Set(found.sets.find(({ name }) => name === set.name)?.elements);
  const elements = operations.flatMap((operation) =>
    operation.kind === 'add element' && operation.name === set.name ? operation.elements.map(listed) : [],
  );
  const wanted = new Set(elements);
  return made
    .deleteElements(
      set,
      [...present].filter((element) => !wanted.has(element)),
    )
    .addElements(
      set,
      [...wanted].filter((element) => !present.has(element)),
    );
}

function mapChanges(made: Transaction, map: NamedMap, { operations }: Transaction, found: TableListing): Transaction {
  const present = new Map(
    found.maps.find(({ name }) => name === map.name)?.entries.map(({ key, value }) => [key, value]),
  );
  const entries = operations.flatMap((operation) =>
    operation.kind === 'add map element' && operation.name === map.name ? operation.entries : [],
  );
  const wanted = new Map(entries.map(({ key, value }) => [key, value]));
  const of = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): { key: string; value: string }[] =>
    [...one].flatMap(([key, value]) => (other.get(key) === value ? [] : [{ key, value }]));
  return made.deleteEntries(map, of(present, wanted)).addEntries(map, of(wanted, present));
}

/** nft lists the network of one address as that address. */
function listed(element: string): string {
  return element.replace(element.includes(':') ? /\/128$/ : /\/32$/, '');
}
