import { Entries, type Family } from '../../base/index.ts';
import type { Direction, Enforcement } from '../../policy/index.ts';
import { type FilterPart, type FilterTable, wordOf } from '../filter/index.ts';
import { renderClass } from './class.ts';
import { renderDispatch, renderEnds } from './dispatch.ts';
import { renderPolicy, renderProfile } from './rules.ts';
import { renderSet } from './set.ts';

const NAME = 'vrouter-policy';

/**
 * The table of each family, a part for each thing that stands or falls by itself: a policy that the kernel refuses leaves
 * the others as they are. No enforcement: no table.
 */
export function policyTables(enforcement: Enforcement | undefined, podPrefix: string): readonly FilterTable[] {
  return ([4, 6] as const).map((family) => ({
    what: `policy for IPv${family}`,
    table: { family: wordOf(family), name: NAME },
    parts: Entries.of(enforcement === undefined ? [] : partsOf(enforcement, family, podPrefix)),
  }));
}

/** What is led to comes before what leads there. */
const ORDER = { sets: 0, ends: 1, ingress: 2, egress: 4, dispatch: 6 } as const;

function* partsOf(
  enforcement: Enforcement,
  family: Family,
  podPrefix: string,
): Iterable<readonly [name: string, part: FilterPart]> {
  const { sets, policies, profiles, classes, endpoints } = enforcement;
  for (const [key, members] of sets) {
    yield [`set ${key}`, { what: `set ${key}`, order: ORDER.sets, contents: renderSet(key, members, family) }];
  }
  yield ['ends', { order: ORDER.ends, contents: renderEnds(podPrefix) }];
  for (const direction of ['ingress', 'egress'] as const satisfies readonly Direction[]) {
    const order = ORDER[direction];
    for (const [key, policy] of policies) {
      if (policy.rules[direction] === undefined) continue;
      const what = `${direction} of ${key}`;
      yield [what, { what, order, contents: renderPolicy(policy, direction, family, sets) }];
    }
    for (const [name, profile] of profiles) {
      if (profile === undefined || profile.rules[direction].length === 0) continue;
      const what = `${direction} of profile ${name}`;
      yield [what, { what, order, contents: renderProfile(profile, direction, family, sets) }];
    }
    for (const [key, one] of classes) {
      if (one.direction !== direction) continue;
      yield [`class ${key}`, { what: `class ${key}`, order: order + 1, contents: renderClass(key, one, enforcement) }];
    }
  }
  yield ['dispatch', { order: ORDER.dispatch, contents: renderDispatch(endpoints, podPrefix) }];
}
