import { type ComponentChild, h } from 'preact';
import type { AddressAnswer, BgpRouteAnswer } from '../../control/answers.ts';
import { ledger } from './ledger.ts';
import { loaded } from './loaded.ts';
import { facts, pill, section, table } from './pieces.ts';
import { hashOf, type PlaceInPage } from './place.ts';

type Path = BgpRouteAnswer['paths'][0];

/** The looking glass: an address, or a prefix, and all that is known of it. */
export function search(place: PlaceInPage): ComponentChild {
  return lookingGlass(place, (address) =>
    section('Ways to it', loaded<BgpRouteAnswer>({ question: 'bgp.route', fields: { prefix: address }, show: ways })),
  );
}

/** The same, whoever says which ways lead there. */
export function lookingGlass(place: PlaceInPage, waysTo: (address: string) => ComponentChild): ComponentChild {
  const address = place.query.get('address') ?? '';
  const asked = (event: Event): void => {
    event.preventDefault();
    const input = (event.currentTarget as HTMLFormElement).querySelector('input');
    location.hash = hashOf('search', { address: input?.value.trim() ?? '' });
  };
  return h(
    'div',
    null,
    h(
      'form',
      { class: 'filters', onSubmit: asked, role: 'search' },
      h(
        'div',
        { class: 'field' },
        h('label', { for: 'address' }, 'Address or prefix'),
        h('input', { id: 'address', type: 'search', value: address, placeholder: '10.244.1.7', spellcheck: false }),
      ),
      h('button', { type: 'submit' }, 'Look it up'),
    ),
    address === ''
      ? h('p', { class: 'quiet' }, 'Whose it is, and which way leads there.')
      : [whose(address), waysTo(address), !address.includes('/') && ledger(place, address)],
  );
}

function whose(address: string): ComponentChild {
  return section(
    `Whose ${address} is`,
    loaded<AddressAnswer>({ question: 'address', fields: { address: address.replace(/\/.*/, '') }, show: owner }),
  );
}

function owner({ endpoint, node, block, pool, assignment = {} }: AddressAnswer): ComponentChild {
  const pod =
    assignment['pod'] === undefined ? undefined : `${assignment['namespace'] ?? 'default'}/${assignment['pod']}`;
  const rows: (readonly [string, ComponentChild])[] = [];
  if (node !== undefined) rows.push(['Address of node', node]);
  if (endpoint !== undefined) rows.push(['Pod or host endpoint', endpoint]);
  if (pool !== undefined) rows.push(['Pool', pool]);
  if (block !== undefined)
    rows.push(['Block', `${block.cidr} of ${block.node ?? 'nobody'}, ${block.inUse} of ${block.size} used`]);
  for (const [name, value] of Object.entries(assignment)) rows.push([`Noted: ${name}`, value]);
  if (pod !== undefined)
    rows.push(['How it came by it', h('a', { href: hashOf('timeline', { pod }) }, `timeline of ${pod}`)]);
  return rows.length === 0 ? h('p', { class: 'quiet' }, 'It is nobody’s here, and in no pool.') : facts(rows);
}

export function ways({ prefix, paths, announcements, kernel }: BgpRouteAnswer): ComponentChild {
  if (prefix === undefined) return h('p', { class: 'quiet' }, 'Neither BGP nor a tunnel leads to it.');
  return [
    h('p', null, 'The longest prefix that covers it is ', h('code', null, prefix), '.'),
    h('h3', null, 'Paths'),
    table<Path>(
      'Paths',
      [
        { title: 'From', cell: ({ peer }) => peer, kind: 'code' },
        { title: 'Best', cell: ({ best }) => (best ? pill('ok', 'best') : pill('off', 'not best')) },
        { title: 'Why', cell: ({ reason }) => reason ?? '' },
        { title: 'Next hop', cell: ({ nextHop }) => nextHop, kind: 'code' },
        { title: 'AS path', cell: ({ asPath }) => asPath.join(' ') || '(own AS)' },
        { title: 'Preference', cell: ({ localPref, med }) => `${localPref}, MED ${med}` },
        { title: 'Communities', cell: (path) => [...path.communities, ...path.largeCommunities].join(' ') },
      ],
      paths,
      'None by BGP: the route of the kernel says what leads there.',
    ),
    h('h3', null, 'Announced to'),
    table(
      'Announcements',
      [
        { title: 'Neighbor', cell: ({ peer }) => peer, kind: 'code' },
        { title: 'Announced', cell: ({ announced }) => pill(announced ? 'ok' : 'off', announced ? 'yes' : 'no') },
        { title: 'Why not', cell: ({ reason }) => reason ?? '' },
      ],
      announcements,
      'There is no neighbor.',
    ),
    h('h3', null, 'In the kernel'),
    table(
      'Routes of the kernel',
      [
        { title: 'Route', cell: ({ text }) => text, kind: 'code' },
        { title: 'There', cell: ({ present }) => pill(present ? 'ok' : 'bad', present ? 'yes' : 'no') },
        { title: 'Why', cell: ({ why }) => why },
      ],
      kernel,
      'The kernel has no route of ours for this prefix.',
    ),
  ];
}
