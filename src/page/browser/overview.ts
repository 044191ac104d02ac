import { type ComponentChild, h } from 'preact';
import type { StatusAnswer } from '../../control/answers.ts';
import { ago, count, facts, figures, healthShade, notice, pill, section, table } from './pieces.ts';
import { hashOf } from './place.ts';

/** The node at one look: how each part is, what is wrong since when and what to do about it, and how much there is. */
export function overview(status: StatusAnswer): ComponentChild {
  const { bgp, blocks, routes, endpoints, policy, components = [] } = status;
  const peers = bgp?.peers ?? [];
  const up = peers.filter(({ state }) => state === 'up').length;
  const inUse = blocks.reduce((sum, block) => sum + block.inUse, 0);
  return h(
    'div',
    null,
    problems(status),
    figures([
      ['Sessions up', `${count(up)} of ${count(peers.length)}`],
      ['Routes in the kernel', `${count(routes.programmed)} of ${count(routes.desired)}`],
      ['Pods', count(endpoints?.desired ?? 0)],
      ['Addresses used', `${count(inUse)} in ${count(blocks.length)} ${blocks.length === 1 ? 'block' : 'blocks'}`],
      ['Policies', count(policy?.policies ?? 0)],
    ]),
    section(
      'Parts',
      table(
        'Health of each part',
        [
          { title: 'Part', cell: ({ name }) => name },
          { title: 'Health', cell: ({ health }) => pill(healthShade(health), health) },
          { title: 'What it says', cell: ({ detail }) => detail },
        ],
        components,
        'An older daemon answers, which does not say.',
      ),
    ),
    section(
      'This node',
      facts([
        ['Name', status.nodename],
        ['Version', `vRouter ${status.version}`],
        ['Running for', ago(status.startedAt)],
        ['Datastore', `${status.datastore.type}, ${status.datastore.inSync ? 'in sync' : 'not in sync'}`],
        ...(bgp ? ([['AS and router ID', `${bgp.asn}, ${bgp.routerId}`]] as const) : []),
      ]),
      blocks.length > 0 &&
        table(
          'Blocks of this node',
          [
            { title: 'Block', cell: ({ cidr }) => cidr, kind: 'code' },
            { title: 'Used', cell: (block) => `${block.inUse} of ${block.size}`, kind: 'number' },
          ],
          blocks,
          '',
        ),
      h('p', null, h('a', { href: hashOf('addresses') }, 'All of the address space')),
    ),
  );
}

/** Whatever is wrong, since when, and how often within a day. */
export function problems(
  { problems, told = [], ready }: Pick<StatusAnswer, 'problems' | 'told' | 'ready'>,
  title = 'Problems',
): ComponentChild {
  const known = new Map(told.map((one) => [one.text, one]));
  if (problems.length === 0) return notice('ok', ready ? 'Nothing is wrong.' : 'Not ready yet.');
  return section(
    title,
    h(
      'ul',
      { class: 'problems' },
      problems.map((text) => {
        const when = known.get(text);
        const often = when !== undefined && when.times > 1 ? `, ${when.times} times in a day` : '';
        return h(
          'li',
          null,
          h('span', null, text),
          when !== undefined && h('small', null, ' since ', ago(when.since), often),
        );
      }),
    ),
  );
}
