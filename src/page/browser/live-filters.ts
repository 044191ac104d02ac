import { type ComponentChild, h } from 'preact';
import { choice, field } from './pieces.ts';
import { changed, type PlaceInPage, replace } from './place.ts';

/** What a list of live traffic can be narrowed by. */
export interface LiveFilters {
  /** Names the parts of an entry in which words are looked for, and shows some. */
  readonly words: { readonly label: string; readonly hint: string };
  /** One word of the address bar and what it may be, with the words for people; `''` for all. */
  readonly kind: {
    readonly label: string;
    readonly id: string;
    readonly options: readonly (readonly [value: string, text: string])[];
  };
}

/** The fields for them, which stand in the address bar, and what else stands beside these. */
export function liveFilters(
  place: PlaceInPage,
  { words, kind }: LiveFilters,
  ...beside: readonly ComponentChild[]
): ComponentChild {
  const given = (id: string) => ({
    id,
    value: place.query.get(id) ?? '',
    onValue: (value: string) => replace(changed(place, { [id]: value })),
  });
  return h(
    'div',
    { class: 'filters' },
    field({ ...words, ...given('find') }),
    choice({ label: kind.label, ...given(kind.id) }, kind.options),
    ...beside,
  );
}

/** Tells whether an entry of this kind has all the words in its text. */
export function isAskedFor(
  query: URLSearchParams,
  { kind: { id } }: LiveFilters,
): (kind: string | undefined, text: string) => boolean {
  const words = (query.get('find') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = query.get(id) ?? '';
  return (kind, text) => {
    if (wanted !== '' && kind !== wanted) return false;
    const all = text.toLowerCase();
    return words.every((word) => all.includes(word));
  };
}
