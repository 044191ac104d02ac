import { ipv4Mask, type PrefixTable, parsePrefix } from '../../base/index.ts';
import type { FilterMatch } from '../api.ts';
import { parseCommunity } from './community.ts';
import type { RouteView } from './route-view.ts';

type Test = (route: RouteView) => boolean;

/** One function for a match: the tests that it names, cheapest first. */
export function compileMatch(match: FilterMatch, peerType: 'ebgp' | 'ibgp', field: string): Test {
  const tests: Test[] = [];
  const { source, tag } = match;
  if (match.peerType !== undefined && match.peerType !== peerType) return () => false;
  if (source !== undefined) tests.push((route) => route.source === source);
  if (tag !== undefined) tests.push((route) => route.tag === tag);
  if (match.prefix !== undefined) tests.push(prefixTest(match.prefix, `${field}.prefix`));
  if (match.community !== undefined) tests.push(communityTest(match.community, `${field}.community`));
  if (match.localPref !== undefined) tests.push((route) => route.attributes().localPref() === match.localPref);
  const { originValidity } = match;
  if (originValidity !== undefined) tests.push((route) => route.originValidity?.() === originValidity);
  if (match.asPathPrefix !== undefined) tests.push(asPathTest(match.asPathPrefix));
  if (match.interface !== undefined) tests.push(interfaceTest(match.interface));
  return (route) => {
    for (const test of tests) if (!test(route)) return false;
    return true;
  };
}

/** Says nothing of the other family: neither `in` nor `not-in` matches it. */
function prefixTest({ cidr, operator, min, max }: NonNullable<FilterMatch['prefix']>, field: string): Test {
  const { family, value, length } = parsePrefix(cidr, `${field}.cidr`);
  const words = Array.from({ length: family === 4 ? 1 : 4 }, (_, word) =>
    Number((value >> BigInt(((family === 4 ? 0 : 3) - word) * 32)) & 0xffffffffn),
  );
  const wanted = operator === 'equal' || operator === 'in';
  const exact = operator === 'equal' || operator === 'not-equal';
  const [least, most] = exact ? [length, length] : [Math.max(length, min ?? length), max ?? 128];
  return (route) => {
    if (route.family !== family) return false;
    const routeLength = route.prefixes.length(route.prefix);
    const inside = routeLength >= least && routeLength <= most && covers(words, length, route.prefixes, route.prefix);
    return inside === wanted;
  };
}

function covers(words: readonly number[], length: number, prefixes: PrefixTable, prefix: number): boolean {
  for (let word = 0, left = length; left > 0; word++, left -= 32) {
    if ((prefixes.address(prefix, word) ^ words[word]) & ipv4Mask(Math.min(32, left))) return false;
  }
  return true;
}

function communityTest(text: string, field: string): Test {
  const community = parseCommunity(text, field);
  switch (community.kind) {
    case 'standard':
      return (route) => route.attributes().communities().includes(community.value);
    case 'extended':
      return (route) => route.attributes().extendedCommunities().includes(community.value);
    case 'large':
      return (route) => route.attributes().largeCommunities().includes(community.text);
  }
}

/** Only `*` has a meaning of its own. */
function interfaceTest(pattern: string): Test {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.\\+?^${}()|[\]]/g, '\\$&'));
  const names = new RegExp(`^${parts.join('.*')}$`);
  return (route) => {
    const name = route.interface();
    return name !== undefined && names.test(name);
  };
}

function asPathTest(start: readonly number[]): Test {
  return (route) => {
    const path = route.attributes().asPath();
    return start.every((asn, at) => path[at] === asn);
  };
}
