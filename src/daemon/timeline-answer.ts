import { addressBits, containsAddress, formatAddress, parsePrefix } from '../base/index.ts';
import type { TimelineAnswer } from '../control/index.ts';
import type { Timelines } from '../endpoints/index.ts';
import type { World } from '../policy/index.ts';
import type { QuerySources } from './queries.ts';

/** The history of a pod here, and its present state. */
export function timelineAnswer(
  pod: string,
  timelines: Timelines,
  { nodename, desired }: Pick<QuerySources, 'nodename' | 'desired'>,
  world: World,
): TimelineAnswer {
  const changes = timelines.of(pod).map((one) => ({ ...one, steps: one.steps.map((step) => ({ ...step })) }));
  const own = world.endpoints.filter(({ kind, name, node }) => kind === 'pod' && name === pod && node === nodename);
  const held = own.flatMap(({ addresses }) => addresses);
  const blocks = desired()
    .blocks.map(({ cidr }) => cidr)
    .filter((cidr) => {
      const block = parsePrefix(cidr);
      return held.some((address) => address.family === block.family && containsAddress(block, address));
    });
  const addresses = held.map((address) => `${formatAddress(address)}/${addressBits(address.family)}`);
  return { node: nodename, changes, addresses, blocks };
}
