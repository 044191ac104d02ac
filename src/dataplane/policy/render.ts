import { type Family, formatAddress, formatPrefix } from '../../base/index.ts';
import {
  type Direction,
  type EndpointClass,
  type Enforcement,
  type Policy,
  type Profile,
  policyIdText,
  type Rule,
  type SetMembers,
} from '../../policy/index.ts';
import type { Contents } from './contents.ts';
import { hasNets, matchAlternatives, outermostNets, type Sets } from './match.ts';
import { chainName, setName } from './names.ts';

/**
 * What the pods' policy says in the packet filter.
 *
 *     forward ─► known?                            established and related packets were judged before
 *             ─► from-pods (by interface) ─ jump ─► class, egress ─ jump ─► policy … ─ goto ─► egress-ok
 *                                                        └ goto ─► drop
 *     egress-ok ─► to-pods (by interface) ─ goto ─► class, ingress ─ jump ─► policy … ─► accept
 *
 * No mark carries an Allow: the egress half ends by going to the ingress half, the ingress half in `accept`. One bit
 * stands for Pass, in tiers where a rule passes. A drop is a chain of its own with a counter, so that each has a name.
 */

/** The bit of the packet's mark that tells a class chain that a policy passed; Calico's, of its mask 0xffff0000. */
export const PASS_MARK = 0x20000;

type Rules = Contents['chains'][number][1];
type NamedChain = Contents['chains'][number];

/** How a packet goes on that one half allowed. */
const ALLOWED: Readonly<Record<Direction, string>> = { egress: 'goto egress-ok', ingress: 'accept' };

/** One policy in one direction: a chain, for all classes that ask it, and the chains of its drops. */
export function renderPolicy(policy: Policy, direction: Direction, family: Family, sets: Sets): Contents {
  const name = policyIdText(policy.id);
  return rulesIn(policyChain(policy, direction), policy.rules[direction] ?? [], direction, family, sets, name);
}

export function renderProfile(profile: Profile, direction: Direction, family: Family, sets: Sets): Contents {
  const rules = profile.rules[direction].filter(({ action }) => action !== 'Pass');
  return rulesIn(profileChain(profile, direction), rules, direction, family, sets, `profile ${profile.name}`);
}

function rulesIn(
  chain: string,
  rules: readonly Rule[],
  direction: Direction,
  family: Family,
  sets: Sets,
  owner: string,
): Contents {
  const drops = new Map<string, NamedChain>();
  const lines = rules.flatMap((rule) => {
    const why = `${rule.action} rule ${rule.name ?? rule.index} of ${owner}`;
    let verdict: string;
    if (rule.action === 'Deny') {
      const drop = dropChain(`${direction} of ${why}`);
      drops.set(drop[0].name, drop);
      verdict = `goto ${drop[0].name}`;
    } else verdict = verdictOf(rule.action, direction);
    return matchAlternatives(rule.match, family, sets).map((match) => ({
      expression: match === '' ? verdict : `${match} ${verdict}`,
      why,
    }));
  });
  return { chains: [...drops.values(), [{ name: chain }, lines]] };
}

function verdictOf(action: 'Allow' | 'Log' | 'Pass', direction: Direction): string {
  if (action === 'Allow') return ALLOWED[direction];
  if (action === 'Pass') return `meta mark set meta mark or ${hex(PASS_MARK)} return`;
  return 'limit rate 10/second burst 5 packets log prefix "calico-packet: " level info';
}

/** A drop with a name and a counter. */
function dropChain(why: string): NamedChain {
  return [{ name: chainName('drop', why) }, [{ expression: 'counter drop', why }]];
}

/** What endpoints of a class are asked: tier after tier, then their profiles. */
export function renderClass(
  key: string,
  { direction, tiers, profiles }: EndpointClass,
  { policies, profiles: known }: Enforcement,
): Contents {
  const chains: NamedChain[] = [];
  const head = classChain(key);
  let at = head;
  let lines: { expression: string; why: string }[] = [];
  for (const [index, { tier, policies: keys }] of tiers.entries()) {
    const asked = keys.map((policy) => policies.get(policy)!);
    const passes = asked.map((policy) => (policy.rules[direction] ?? []).some(({ action }) => action === 'Pass'));
    const next = passes.includes(true) ? `${head}-${index + 1}` : undefined;
    const isPassed = `meta mark and ${hex(PASS_MARK)} == ${hex(PASS_MARK)}`;
    if (next !== undefined) {
      lines.push({ expression: CLEAR_PASS, why: `tier ${tier.name} may be passed` });
    }
    for (const [place, policy] of asked.entries()) {
      lines.push({ expression: `jump ${policyChain(policy, direction)}`, why: policyIdText(policy.id) });
      if (passes[place]) lines.push({ expression: `${isPassed} goto ${next}`, why: `tier ${tier.name} was passed` });
    }
    if (tier.defaultAction === 'Deny') {
      const drop = dropChain(`${direction} end of tier ${tier.name}`);
      chains.push(drop);
      lines.push({ expression: `goto ${drop[0].name}`, why: `end of tier ${tier.name}` });
    } else if (next !== undefined) {
      lines.push({ expression: `goto ${next}`, why: `tier ${tier.name} passes what it does not decide` });
    }
    if (next === undefined && tier.defaultAction === 'Deny') {
      // Nothing comes this far: what follows is for nobody.
      return { chains: inOrder([...chains, [{ name: at }, lines]], head) };
    }
    if (next === undefined) continue;
    chains.push([{ name: at }, lines]);
    at = next;
    lines = [{ expression: CLEAR_PASS, why: 'the mark is for one tier' }];
  }
  const end = profileLines(profiles, direction, known);
  return { chains: inOrder([...chains, ...end.chains, [{ name: at }, [...lines, ...end.lines]]], head) };
}

const CLEAR_PASS = `meta mark set meta mark and ${hex(0xffffffff - PASS_MARK)}`;

/** What is led to stands before what leads there. */
function inOrder(chains: readonly NamedChain[], head: string): readonly NamedChain[] {
  const tail = chains.filter(([{ name }]) => name.startsWith(head)).reverse();
  return [...chains.filter(([{ name }]) => !name.startsWith(head)), ...tail];
}

function profileLines(
  names: readonly string[],
  direction: Direction,
  known: Enforcement['profiles'],
): { readonly chains: readonly NamedChain[]; readonly lines: Rules } {
  const lines: { expression: string; why: string }[] = [];
  for (const name of names) {
    const profile = known.get(name);
    if (profile === undefined) break;
    if (profile.rules[direction].length === 0) continue;
    lines.push({ expression: `jump ${profileChain(profile, direction)}`, why: `profile ${name}` });
  }
  const drop = dropChain(`${direction} no profile allows it`);
  return { chains: [drop], lines: [...lines, { expression: `goto ${drop[0].name}`, why: 'no profile allows it' }] };
}

/** The set of one key, in its one to three forms. */
export function renderSet(key: string, members: SetMembers, family: Family): Contents {
  const type = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
  const addresses = members.addresses.filter((one) => one.family === family).map(formatAddress);
  const nets = outermostNets(members.nets.filter((net) => net.family === family)).map(formatPrefix);
  const ports = members.ports
    .filter(({ address }) => address.family === family)
    .map(({ address, protocol, port }) => `${formatAddress(address)} . ${protocol} . ${port}`);
  return {
    sets: [
      ...(members.of === 'ports'
        ? [
            [
              { name: setName('p', key), type: `${type} . inet_proto . inet_service` },
              [...new Set(ports)].sort(),
            ] as const,
          ]
        : [[{ name: setName('s', key), type }, addresses.sort()] as const]),
      ...(hasNets(key, family, new Map([[key, members]]))
        ? [[{ name: setName('i', key), type, flags: ['interval'] as const }, [...nets].sort()] as const]
        : []),
    ],
    chains: [],
  };
}

/** What stands at the hooks, and which class each pod is of. */
export function renderDispatch(endpoints: Enforcement['endpoints'], podPrefix: string): Contents {
  const entry = (direction: Direction, verb: string) =>
    [...endpoints].map(([name, classes]) => ({
      key: name,
      value: `${verb} ${classChain(classes[direction])}`,
      why: `${direction} of ${name}`,
    }));
  const pods = `"${podPrefix}*"`;
  const [invalid, unknownFrom, unknownTo] = [
    dropChain('invalid packet'),
    dropChain('from an interface without endpoint'),
    dropChain('to an interface without endpoint'),
  ];
  return {
    maps: [
      [{ name: 'from-pods', type: 'ifname', value: 'verdict' }, entry('egress', 'jump')],
      [{ name: 'to-pods', type: 'ifname', value: 'verdict' }, entry('ingress', 'goto')],
    ],
    chains: [
      invalid,
      unknownFrom,
      unknownTo,
      [
        { name: 'known' },
        [
          { expression: `iifname ${pods} accept`, why: 'its connection was judged' },
          { expression: `oifname ${pods} accept`, why: 'its connection was judged' },
        ],
      ],
      [
        { name: 'broken' },
        [
          { expression: `iifname ${pods} goto ${invalid[0].name}`, why: 'it belongs to no connection' },
          { expression: `oifname ${pods} goto ${invalid[0].name}`, why: 'it belongs to no connection' },
        ],
      ],
      [
        { name: 'egress-ok' },
        [
          { expression: 'oifname vmap @to-pods', why: 'policy of the pod that it goes to' },
          { expression: `oifname ${pods} goto ${unknownTo[0].name}`, why: 'no endpoint is behind it' },
          { expression: 'accept', why: 'it leaves to no pod' },
        ],
      ],
      [
        { name: 'forward', base: { type: 'filter', hook: 'forward', priority: 0, policy: 'accept' } },
        [
          {
            expression: 'ct state vmap { established : jump known, related : jump known, invalid : jump broken }',
            why: 'policy judges first packets',
          },
          { expression: 'iifname vmap @from-pods', why: 'policy of the pod that it comes from' },
          { expression: `iifname ${pods} goto ${unknownFrom[0].name}`, why: 'no endpoint is behind it' },
          { expression: 'goto egress-ok', why: 'it comes from no pod' },
        ],
      ],
    ],
  };
}

/** All of it, in an order in which what is led to comes first. */
export function renderEnforcement(enforcement: Enforcement, family: Family, podPrefix: string): readonly Contents[] {
  const { sets, policies, profiles, classes, endpoints } = enforcement;
  const both: readonly Direction[] = ['egress', 'ingress'];
  const halves = (direction: Direction): readonly Contents[] => [
    ...[...policies.values()]
      .filter(({ rules }) => rules[direction] !== undefined)
      .map((policy) => renderPolicy(policy, direction, family, sets)),
    ...[...profiles.values()].flatMap((profile) =>
      profile === undefined || profile.rules[direction].length === 0
        ? []
        : [renderProfile(profile, direction, family, sets)],
    ),
    ...[...classes]
      .filter(([, one]) => one.direction === direction)
      .map(([key, one]) => renderClass(key, one, enforcement)),
  ];
  return [
    ...[...sets].map(([key, members]) => renderSet(key, members, family)),
    { chains: [[{ name: 'egress-ok' }, []]] },
    ...both.flatMap(halves),
    renderDispatch(endpoints, podPrefix),
  ];
}

function policyChain(policy: Policy, direction: Direction): string {
  return chainName(direction === 'egress' ? 'po' : 'pi', policyIdText(policy.id));
}

function profileChain({ name }: Profile, direction: Direction): string {
  return chainName(direction === 'egress' ? 'fo' : 'fi', name);
}

function classChain(key: string): string {
  return chainName('c', key);
}

function hex(number: number): string {
  return `0x${number.toString(16)}`;
}
