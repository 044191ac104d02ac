import type { MapElement, TableListing, Transaction } from '../../nftables/index.ts';

/** What a table shows of itself: its rules' comments, which carry a fingerprint, and what is in its sets and maps. */
interface Shown {
  readonly comments: readonly (string | undefined)[];
  readonly elements: readonly string[];
}

/** Whether the table is as the transaction that makes it anew would leave it. */
export function isMade(listing: TableListing | undefined, wanted: Transaction): boolean {
  return listing !== undefined && JSON.stringify(listed(listing)) === JSON.stringify(told(wanted));
}

function listed({ rules, sets, maps }: TableListing): Shown {
  return {
    comments: rules.map(({ comment }) => comment),
    elements: [
      ...sets.flatMap(({ name, elements }) => elements.map((element) => word(name, element))),
      ...maps.flatMap(({ name, entries }) => entries.map((entry) => pair(name, entry))),
    ].sort(),
  };
}

function told({ operations }: Transaction): Shown {
  return {
    comments: operations.flatMap((operation) => (operation.kind === 'add rule' ? [operation.rule.comment] : [])),
    elements: operations
      .flatMap((operation) => {
        if (operation.kind === 'add element') return operation.elements.map((element) => word(operation.name, element));
        return operation.kind === 'add map element'
          ? operation.entries.map((entry) => pair(operation.name, entry))
          : [];
      })
      .sort(),
  };
}

/** nft lists the network of one address as that address. */
function word(set: string, element: string): string {
  return `${set} ${element.replace(element.includes(':') ? /\/128$/ : /\/32$/, '')}`;
}

function pair(map: string, { key, value }: MapElement): string {
  return `${map} ${key} : ${value}`;
}
