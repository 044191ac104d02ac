import type { KindStatus } from '../datastore/index.ts';

/** How every failure of a datastore that is away begins: whoever meets it says it in the same words. */
const AWAY = "the datastore can't be reached";

/** Why the datastore is away, in one sentence; undefined while it answers. */
export function outage(kinds: readonly KindStatus[]): string | undefined {
  const failing = kinds.filter(({ status, failure }) => status === 'wait' && failure !== undefined);
  if (failing.length === 0) return undefined;
  const reasons = new Set(failing.map(({ failure }) => failure));
  const ages = failing.map(({ age }) => age).filter((age) => age !== undefined);
  const since = ages.length === 0 ? '' : `, last heard of ${Math.round(Math.max(...ages) / 1000)} s ago`;
  return `the datastore does not answer${since}: ${[...reasons].join('; ')}. What is known is kept; nothing new is learned`;
}

/** One cause, one sentence: what others say of the same outage, and what was said already, goes. */
export function oneOutage(away: string | undefined, problems: readonly string[]): string[] {
  const others = away === undefined ? problems : problems.filter((problem) => !problem.includes(AWAY));
  return [...new Set(away === undefined ? others : [away, ...others])];
}

/** Things that the kernel refuses for one reason are one problem: `route a, route b: reason`. */
export function byReason(refusals: readonly { readonly what: string; readonly reason: string }[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { what, reason } of refusals) groups.set(reason, [...(groups.get(reason) ?? []), what]);
  return [...groups].map(([reason, whats]) => {
    const more = whats.length > 5 ? ` and ${whats.length - 5} more` : '';
    return `${whats.slice(0, 5).join(', ')}${more}: ${reason}`;
  });
}
