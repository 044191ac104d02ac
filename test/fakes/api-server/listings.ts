import { Refusal } from './refusal.ts';

interface Listing {
  readonly selected: readonly object[];
  readonly resourceVersion: string;
}

/** Listings of several pages, all of the moment of the first. */
export class Listings {
  /** By number. */
  readonly #begun = new Map<string, Listing>();
  #last = 0;

  /** The page that a query asks for; `begin` makes the listing, when it asks for the first. */
  page(query: URLSearchParams, begin: () => Listing) {
    const asked = query.get('continue')?.split(' ');
    const number = asked?.[0] ?? String(++this.#last);
    const from = Number(asked?.[1] ?? 0);
    const listing = asked === undefined ? begin() : this.#begun.get(number);
    if (listing === undefined) throw new Refusal(410, 'Expired', 'the provided continue parameter is too old');
    const { selected, resourceVersion } = listing;
    const end = from + (Number(query.get('limit') ?? 0) || selected.length);
    const items = selected.slice(from, end);
    const remainingItemCount = selected.length - end;
    if (remainingItemCount <= 0) {
      this.#begun.delete(number);
      return { items, resourceVersion };
    }
    this.#begun.set(number, listing);
    return { items, resourceVersion, continue: `${number} ${end}`, remainingItemCount };
  }
}
