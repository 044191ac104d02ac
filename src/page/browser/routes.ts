import { type ComponentChild, h } from 'preact';
import type { ExplainedEntry } from '../../control/answers.ts';
import { loaded } from './loaded.ts';
import { choice, count, field, pill, table } from './pieces.ts';
import { changed, hashOf, type PlaceInPage, replace } from './place.ts';

interface Entries {
  readonly total: number;
  readonly found: number;
  readonly entries: readonly ExplainedEntry[];
}

const KINDS = [
  ['routes', 'Routes'],
  ['endpoints', 'Pods'],
  ['tunnels', 'Tunnels'],
  ['nat', 'Rules of the packet filter'],
  ['egress', 'Egress addresses'],
] as const;

/** Each entry that is kept in the kernel, whether it is there, and why. */
export function routes(place: PlaceInPage): ComponentChild {
  const find = place.query.get('find') ?? '';
  const [kind, title] = KINDS.find(([one]) => one === place.query.get('kind')) ?? KINDS[0];
  return h(
    'div',
    null,
    h(
      'div',
      { class: 'filters' },
      choice(
        { label: 'What', id: 'kind', value: kind, onValue: (value) => replace(changed(place, { kind: value })) },
        KINDS,
      ),
      field({
        label: 'Words in it',
        id: 'find',
        value: find,
        hint: '10.244.1 bgp',
        onValue: (value) => replace(changed(place, { find: value })),
      }),
    ),
    loaded<Entries>({ question: kind, fields: { find }, show: (answer) => entries(title, answer) }),
  );
}

function entries(title: string, { total, found, entries }: Entries): ComponentChild {
  const more = found > entries.length ? `, the first ${count(entries.length)} are shown` : '';
  return [
    h('p', { role: 'status' }, `${count(found)} of ${count(total)}${more}.`),
    table<ExplainedEntry>(
      title,
      [
        { title: 'Entry', cell: ({ text }) => searched(text), kind: 'code' },
        { title: 'State', cell: stateOf },
        { title: 'Why', cell: ({ why }) => why },
      ],
      entries,
      'None.',
    ),
  ];
}

/** The prefix of a route leads to all that is known of it. */
function searched(text: string): ComponentChild {
  const [, before, prefix, rest] = /^((?:[a-z]+ )?)([0-9a-f.:]+(?:\/\d+)?)(\s.*)$/s.exec(text) ?? [];
  if (prefix === undefined) return text;
  return [before, h('a', { href: hashOf('search', { address: prefix }) }, prefix), rest];
}

function stateOf({ wanted, present }: ExplainedEntry): ComponentChild {
  if (wanted && present) return pill('ok', 'there');
  return wanted ? pill('bad', 'missing') : pill('warn', 'not wanted');
}
