import type { TableListing, Transaction } from '../../nftables/index.ts';

/** What a table shows of itself: its rules' comments, which carry a fingerprint, and the elements of its sets. */
interface Shown {
  readonly comments: readonly (string | undefined)[];
  readonly elements: readonly string[];
}

/** Whether the table is as the transaction that makes it anew would leave it. */
export function isMade(listing: TableListing | undefined, wanted: Transaction): boolean {
  return listing !== undefined && JSON.stringify(listed(listing)) === JSON.stringify(told(wanted));
}

function listed({ rules, sets }: TableListing): Shown {
  return {
    comments: rules.map(({ comment }) => comment),
    elements: sets.flatMap(({ name, elements }) => elements.map((element) => word(name, element))).sort(),
  };
}

function told({ operations }: Transaction): Shown {
  return {
    comments: operations.flatMap((operation) => (operation.kind === 'add rule' ? [operation.rule.comment] : [])),
    elements: operations
      .flatMap((operation) =>
        operation.kind === 'add element' ? operation.elements.map((element) => word(operation.name, element)) : [],
      )
      .sort(),
  };
}

/** nft lists the network of one address as that address. */
function word(set: string, element: string): string {
  return `${set} ${element.replace(element.includes(':') ? /\/128$/ : /\/32$/, '')}`;
}
