import { type ComponentChild, h } from 'preact';
import type { PolicyHitsAnswer } from '../../control/answers.ts';
import { loaded } from './loaded.ts';
import { count, field, pill, type Shade, section, table } from './pieces.ts';
import { changed, type PlaceInPage, replace } from './place.ts';

type Policy = PolicyHitsAnswer['policies'][0];
type Rule = PolicyHitsAnswer['rules'][0];

const SHADES: Readonly<Record<Rule['verdict'], Shade>> = { allow: 'ok', deny: 'bad', pass: 'warn', log: 'off' };

/** The policies that hold on this node, and how often their rules have decided. */
export function policies(place: PlaceInPage): ComponentChild {
  return loaded<PolicyHitsAnswer>({ question: 'policy.hits', show: (answer) => shown(answer, place) });
}

function shown({ policies, countsAll, rules }: PolicyHitsAnswer, place: PlaceInPage): ComponentChild {
  const find = (place.query.get('find') ?? '').toLowerCase();
  const has = ({ policy, tier }: { readonly policy: string; readonly tier: string }): boolean =>
    `${policy} ${tier}`.toLowerCase().includes(find);
  return [
    field({
      label: 'Policy or tier',
      id: 'find',
      value: find,
      hint: 'default',
      onValue: (value) => replace(changed(place, { find: value })),
    }),
    section(
      'Policies that hold here',
      table<Policy>(
        'Policies',
        [
          { title: 'Tier', cell: ({ tier }) => tier },
          { title: 'Policy', cell: ({ policy }) => policy },
          { title: 'Order', cell: ({ order }) => order ?? 'last', kind: 'number' },
          { title: 'Pods here', cell: ({ endpoints }) => count(endpoints), kind: 'number' },
          { title: 'Rules in, out', cell: (one) => `${one.ingressRules}, ${one.egressRules}`, kind: 'number' },
        ],
        policies.filter(has),
        'No policy holds for a pod of this node.',
      ),
    ),
    section(
      'Hits of rules',
      !countsAll &&
        h(
          'p',
          { class: 'quiet' },
          'Only what denies is counted; VROUTER_POLICY_RULE_COUNTERS=true has every rule count.',
        ),
      table<Rule>(
        'Hits of rules',
        [
          { title: 'Policy', cell: ({ policy }) => policy },
          { title: 'Direction', cell: ({ direction }) => direction },
          { title: 'Rule', cell: ({ rule }) => rule },
          { title: 'Verdict', cell: ({ verdict }) => pill(SHADES[verdict], verdict) },
          { title: 'Packets', cell: ({ packets }) => count(packets), kind: 'number' },
          { title: 'Octets', cell: ({ bytes }) => count(bytes), kind: 'number' },
        ],
        rules.filter(has),
        'No rule has a count.',
      ),
    ),
  ];
}
