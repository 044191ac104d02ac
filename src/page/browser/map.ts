import { type ComponentChild, h } from 'preact';
import type { Shade } from './pieces.ts';

/** A node or peer on the map. */
export interface MapNode {
  readonly name: string;
  /** The text beside it. */
  readonly label: string;
  readonly detail: string;
  /** Where more is told of it. */
  readonly href: string;
}

/** A session between two of them, by their names. */
export interface MapLink {
  readonly from: string;
  readonly to: string;
  readonly shade: Shade;
}

/** More are a ball of wool that nobody reads. */
const MOST = 120;
const [WIDTH, HEIGHT] = [960, 540];

/** Where each node stands: one in the middle if it is given, the others around. Always the same for the same names. */
export function placesOf(
  names: readonly string[],
  middle: string | undefined,
): ReadonlyMap<string, readonly [number, number]> {
  const around = names.filter((name) => name !== middle);
  const places = new Map<string, readonly [number, number]>();
  if (middle !== undefined) places.set(middle, [WIDTH / 2, HEIGHT / 2]);
  around.forEach((name, at) => {
    const angle = (2 * Math.PI * at) / around.length;
    // Every other one stands further in where they are many, so that names have room.
    const reach = around.length > 24 && at % 2 === 1 ? 0.72 : 1;
    const x = WIDTH / 2 + Math.cos(angle) * (WIDTH / 2 - 110) * reach;
    const y = HEIGHT / 2 + Math.sin(angle) * (HEIGHT / 2 - 50) * reach;
    places.set(name, [Math.round(x), Math.round(y)]);
  });
  return places;
}

/** Nodes around, sessions as lines: whole and green when up, broken and red when not. */
export function map(nodes: readonly MapNode[], links: readonly MapLink[], middle?: string): ComponentChild {
  const shown = nodes.slice(0, MOST);
  const places = placesOf(
    shown.map(({ name }) => name),
    middle,
  );
  const up = links.filter(({ shade }) => shade === 'ok').length;
  return h(
    'figure',
    { class: 'map' },
    h(
      'svg',
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        role: 'group',
        'aria-label': `Map: ${up} of ${links.length} sessions are up`,
      },
      links.map(({ from, to, shade }) => {
        const [a, b] = [places.get(from), places.get(to)];
        if (a === undefined || b === undefined) return null;
        return h('line', { class: `link ${shade}`, x1: a[0], y1: a[1], x2: b[0], y2: b[1] });
      }),
      shown.map((node) => mapNode(node, places.get(node.name)!, node.name === middle)),
    ),
    h(
      'figcaption',
      null,
      h('span', { class: 'key ok' }, 'session up'),
      h('span', { class: 'key warn' }, 'coming up'),
      h('span', { class: 'key bad' }, 'down'),
      nodes.length > MOST && h('span', null, `${nodes.length - MOST} more are in the table alone`),
    ),
  );
}

function mapNode(
  { label, detail, href }: MapNode,
  [x, y]: readonly [number, number],
  isMiddle: boolean,
): ComponentChild {
  return h(
    'a',
    { href, class: isMiddle ? 'node middle' : 'node', 'aria-label': `${label}: ${detail}` },
    h('circle', { cx: x, cy: y, r: isMiddle ? 16 : 11 }),
    h('text', { x, y: y + (isMiddle ? 36 : 29), 'text-anchor': 'middle' }, label),
  );
}
