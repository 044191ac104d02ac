import { type ComponentChild, h } from 'preact';
import type { ClusterAnswer } from '../../control/answers.ts';
import { loaded } from './loaded.ts';
import { count, field, section, table } from './pieces.ts';
import { changed, hashOf, type PlaceInPage, replace } from './place.ts';
import { blocksIn, fullness, spaceOf } from './space.ts';

type Pool = ClusterAnswer['pools'][0];
type Block = ClusterAnswer['blocks'][0];

/** Rows that a table shows: more are found by the filter. */
const MOST = 300;
const SIDE = 14;
const LEGEND = ['nobody’s', 'claimed, empty', 'used', 'over half', 'over 90 %'] as const;

/** The address space: each pool as a picture of its blocks, and the blocks as a table. */
export function addresses(place: PlaceInPage, own: string | undefined): ComponentChild {
  return loaded<ClusterAnswer>({
    question: 'cluster',
    every: 15_000,
    show: ({ pools, blocks }) => [
      pools.length === 0 ? h('p', { class: 'quiet' }, 'There is no pool.') : null,
      pools.map((pool) => picture(pool, blocks, own)),
      section('Blocks', blockTable(place, blocks)),
    ],
  });
}

function picture(pool: Pool, all: readonly Block[], own: string | undefined): ComponentChild {
  const cells = spaceOf(pool.cidr, pool.blockSize, all, own);
  const blocks = blocksIn(pool.cidr, all);
  const used = blocks.reduce((sum, { inUse }) => sum + inUse, 0);
  const words = `${count(used)} addresses in use, in ${count(blocks.length)} blocks of length ${pool.blockSize}`;
  const columns = Math.min(cells.length, 64);
  const rows = Math.ceil(cells.length / columns);
  return section(
    `Pool ${pool.name}, ${pool.cidr}`,
    h('p', null, `${words}; encapsulation: ${pool.encapsulation}${pool.disabled ? '; disabled' : ''}.`),
    h(
      'figure',
      { class: 'space' },
      h(
        'svg',
        {
          viewBox: `0 0 ${columns * SIDE} ${rows * SIDE}`,
          role: 'img',
          'aria-label': `Picture of ${pool.cidr}: ${words}`,
          class: cells.length < 64 ? 'few' : '',
        },
        cells.map((cell, at) =>
          h('rect', {
            class: `use${fullness(cell)}${cell.isOwn ? ' own' : ''}`,
            x: (at % columns) * SIDE + 1,
            y: Math.floor(at / columns) * SIDE + 1,
            width: SIDE - 2,
            height: SIDE - 2,
          }),
        ),
      ),
      h(
        'figcaption',
        null,
        LEGEND.map((word, at) => h('span', { class: `key use${at}` }, word)),
        own !== undefined && h('span', { class: 'key own' }, 'framed: of this node'),
      ),
    ),
  );
}

function blockTable(place: PlaceInPage, blocks: readonly Block[]): ComponentChild {
  const find = place.query.get('find') ?? '';
  const found = blocks.filter(({ cidr, node = '' }) => cidr.includes(find) || node.includes(find));
  return [
    field({
      label: 'Blocks of a node, or by their address',
      id: 'blocks',
      value: find,
      hint: 'node1',
      onValue: (value) => replace(changed(place, { find: value })),
    }),
    found.length > MOST && h('p', { class: 'quiet' }, `The first ${MOST} of ${count(found.length)}.`),
    table<Block>(
      'Blocks',
      [
        { title: 'Block', cell: ({ cidr }) => cidr, kind: 'code' },
        { title: 'Node', cell: ({ node }) => node ?? 'nobody’s' },
        { title: 'Used', cell: ({ inUse, size }) => `${inUse} of ${size}`, kind: 'number' },
        {
          title: 'Ways to it',
          cell: ({ cidr }) => h('a', { href: hashOf('search', { address: cidr }) }, `paths to ${cidr}`),
        },
      ],
      found.slice(0, MOST),
      'No block.',
    ),
  ];
}
