import { type ComponentChild, h } from 'preact';
import type { TimelineAnswer } from '../../control/answers.ts';
import { loaded } from './loaded.ts';
import { ago, notice, pill, section, table } from './pieces.ts';
import { hashOf, type PlaceInPage } from './place.ts';

type PodChange = TimelineAnswer['changes'][0];

/** How a pod came by its network, step by step: of this node, or of all. */
export function timeline(place: PlaceInPage, isOfAll: boolean): ComponentChild {
  const pod = place.query.get('pod') ?? '';
  const asked = (event: Event): void => {
    event.preventDefault();
    const input = (event.currentTarget as HTMLFormElement).querySelector('input');
    location.hash = hashOf('timeline', { pod: input?.value.trim() ?? '' });
  };
  return [
    h(
      'form',
      { class: 'filters', onSubmit: asked, role: 'search' },
      h(
        'div',
        { class: 'field' },
        h('label', { for: 'pod' }, 'Pod'),
        h('input', { id: 'pod', type: 'search', value: pod, placeholder: 'namespace/name', spellcheck: false }),
      ),
      h('button', { type: 'submit' }, 'Show'),
    ),
    pod === ''
      ? h('p', { class: 'quiet' }, 'What was done for a pod: its CNI requests, step by step.')
      : isOfAll
        ? loaded<readonly TimelineAnswer[]>({ question: 'nodes.timeline', fields: { pod }, every: 15_000, show: told })
        : loaded<TimelineAnswer>({ question: 'timeline', fields: { pod }, show: (answer) => told([answer]) }),
  ];
}

function told(answers: readonly TimelineAnswer[]): ComponentChild {
  const known = answers.filter(({ changes, addresses }) => changes.length + addresses.length > 0);
  if (known.length === 0) return notice('off', 'Nothing is known of it here.');
  return known.map(({ node, addresses, changes }) => [
    h(
      'p',
      null,
      `${node} has it `,
      addresses.length === 0 ? 'no more.' : ['with ', h('code', null, addresses.join(' ')), '.'],
    ),
    [...changes].reverse().map(change),
  ]);
}

function change({ change, op, begun, steps, outcome, error }: PodChange): ComponentChild {
  const words = { done: pill('ok', 'done'), failed: pill('bad', 'failed') };
  return section(
    `${op.toUpperCase()}, change ${change}`,
    h('p', null, outcome === undefined ? pill('warn', 'under way') : words[outcome], ' ', ago(begun), ' ago'),
    error !== undefined && notice('bad', error),
    table(
      `Steps of ${change}`,
      [
        { title: 'After', cell: ({ at }) => `${at.toFixed(1)} ms`, kind: 'number' },
        { title: 'Step', cell: ({ what }) => what },
        { title: 'About', cell: ({ about }) => about ?? '' },
      ],
      steps,
      'No step yet.',
    ),
  );
}
