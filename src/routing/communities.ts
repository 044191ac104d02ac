import type { FilterRule } from 'bgp-speaker-ts';
import { comparePrefix, containsPrefix, parsePrefix } from '../base/index.ts';
import type { PrefixCommunities } from '../calc/desired/index.ts';

/**
 * The rules, with communities for what they accept inside the prefixes that have some (BGPConfiguration's
 * `prefixAdvertisements`). The first rule that matches decides, so a route gets what all prefixes around it say: each
 * prefix has a rule of its own before the plain one, the narrowest first, with what those around it say too.
 */
export function withCommunities(
  rules: readonly FilterRule[],
  advertisements: readonly PrefixCommunities[],
): readonly FilterRule[] {
  const sorted = advertisements
    .map(({ cidr, communities }) => ({ cidr, net: parsePrefix(cidr), communities }))
    .sort((a, b) => b.net.length - a.net.length || comparePrefix(a.net, b.net));
  const all = sorted.map(({ cidr, net }) => ({
    cidr,
    net,
    addCommunities: [
      ...new Set(sorted.flatMap((other) => (containsPrefix(other.net, net) ? [...other.communities] : []))),
    ],
  }));
  return rules.flatMap((rule) => {
    const within = rule.match.prefix && parsePrefix(rule.match.prefix.cidr);
    const marked = all.flatMap(({ cidr, net, addCommunities }): FilterRule[] => {
      const narrower = within === undefined || containsPrefix(within, net) ? cidr : rule.match.prefix?.cidr;
      if (within !== undefined && !containsPrefix(within, net) && !containsPrefix(net, within)) return [];
      const prefix = { cidr: narrower ?? cidr, operator: 'in' } as const;
      return [{ ...rule, match: { ...rule.match, prefix }, set: { addCommunities } }];
    });
    return [...marked, rule];
  });
}
