/** Where in the page somebody is: what is in the address bar, so that a link shows others the same. */
export interface PlaceInPage {
  readonly view: string;
  readonly query: URLSearchParams;
}

export function placeOf(hash: string): PlaceInPage {
  const [view, query = ''] = hash.replace(/^#\/?/, '').split('?');
  return { view, query: new URLSearchParams(query) };
}

export function hashOf(view: string, query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString();
  return `#/${view}${text === '' ? '' : `?${text}`}`;
}

/** The same place with other words; an empty one goes. */
export function changed({ view, query }: PlaceInPage, words: Readonly<Record<string, string>>): string {
  return hashOf(view, { ...Object.fromEntries(query), ...words });
}

/** Goes there without a step for the back button: words of a filter come letter by letter. */
export function replace(hash: string): void {
  history.replaceState(null, '', hash);
  dispatchEvent(new HashChangeEvent('hashchange'));
}
