/** A bug that somebody could have written. */
export interface Mutant {
  readonly what: string;
  readonly file: string;
  /** Stands there once. */
  readonly find: string;
  readonly replace: string;
  /** Files of which one must fail, cheapest first. */
  readonly tests: readonly string[];
}

const TABLES = 'test/policy/tables.test.ts';
const CLOSED = 'test/policy/closed.test.ts';
const ORDER = 'test/policy/order.test.ts';
const CORNERS = 'test/policy/corners.test.ts';
const HOSTS = 'test/daemon/policy-hosts-kernel.test.ts';

const match: Omit<Mutant, 'what' | 'find' | 'replace'> = { file: 'src/policy/match.ts', tests: [CORNERS, TABLES] };
const verdict: typeof match = { file: 'src/policy/verdict.ts', tests: [CORNERS, CLOSED, TABLES] };
const order: typeof match = { file: 'src/policy/order.ts', tests: [ORDER, TABLES] };
const kubernetes: typeof match = { file: 'src/policy/sources/kubernetes.ts', tests: [CORNERS, CLOSED, TABLES] };
const expression: typeof match = { file: 'src/policy/expression.ts', tests: [CORNERS, TABLES] };
const host: typeof match = { file: 'src/policy/host.ts', tests: [CORNERS, TABLES] };
const cluster: typeof match = { file: 'src/policy/sources/cluster.ts', tests: [CORNERS, CLOSED, TABLES] };
const inNode = (file: string): typeof match => ({ file: `src/daemon/${file}.ts`, tests: [HOSTS] });

/** Of the pure function. */
const OF_THE_JUDGE: readonly Mutant[] = [
  {
    what: 'a rule for IPv4 is asked of IPv6 too',
    ...match,
    find: 'if (ipVersion !== undefined && packet.source.family !== ipVersion) return false;',
    replace: '',
  },
  {
    what: 'an exclusion of networks of the other family does not take the rule away',
    ...match,
    find: 'if (lacksFamily(nets) || lacksFamily(notNets)) return false;',
    replace: 'if (lacksFamily(nets)) return false;',
  },
  {
    what: 'an excluding selector asks all identities of an address instead of any',
    ...match,
    find: 'world.identitiesOf(address).some(({ labels }) => evaluate(notSelector, labels))',
    replace: 'world.identitiesOf(address).every(({ labels }) => evaluate(notSelector, labels))',
  },
  {
    what: 'a range of ports ends before its last one',
    ...match,
    find: 'port >= first && port <= last',
    replace: 'port >= first && (port < last || first === last)',
  },
  {
    what: 'a named port counts for every protocol',
    ...match,
    find: 'protocol === end.protocol && port === end.port,\n    );\n  });',
    replace: 'port === end.port,\n    );\n  });',
  },
  {
    what: 'a named port of any endpoint counts, whoever is selected',
    ...match,
    find: 'if (selector !== undefined && !evaluate(selector, world.labelsOf(endpoint))) return false;',
    replace: '',
  },
  {
    what: 'an ICMP code is not looked at',
    ...match,
    find: '(code === undefined || icmp.code === code)',
    replace: 'true',
  },
  {
    what: 'one end that allows is enough',
    ...verdict,
    find: 'egress.allowed && ingress.allowed',
    replace: 'ingress.allowed',
  },
  {
    what: 'the end of a tier denies nothing',
    ...verdict,
    find: "if (tier.defaultAction === 'Deny') return",
    replace: "if (tier.defaultAction !== 'Deny' && tier.defaultAction !== 'Pass') return",
  },
  {
    what: 'a policy of one direction makes its tier count in both',
    ...verdict,
    find: 'counts(policy) && policy.rules[direction] !== undefined',
    replace: 'counts(policy)',
  },
  {
    what: 'Log ends the walk',
    ...verdict,
    find: "passed.push({ tier, policy: id, rule, because: 'Log' });\n        continue;",
    replace: "passed.push({ tier, policy: id, rule, because: 'Log' });\n        return { policy: id, rule };",
  },
  {
    what: 'Pass leaves the policy and not the tier',
    ...verdict,
    find: "if (rule.action === 'Pass') passed.push({ tier, policy: id, rule, because: 'Pass' });",
    replace: "if (rule.action === 'Pass') break;",
  },
  {
    what: 'a profile that is missing is left out',
    ...verdict,
    find: "if (profile === undefined) return decision(false, { kind: 'missing profile', profile: name });",
    replace: 'if (profile === undefined) continue;',
  },
  {
    what: 'without a profile all is open',
    ...verdict,
    find: "return decision(false, { kind: 'end of profiles' });",
    replace: "return decision(endpoint.profiles.length === 0, { kind: 'end of profiles' });",
  },
  {
    what: 'policies without an order come first',
    ...order,
    find: 'return compareNumbers(a.order, b.order) || compareTexts(key(a), key(b));',
    replace: 'return compareNumbers(a.order % 1e9 || 0, b.order % 1e9 || 0) || compareTexts(key(a), key(b));',
  },
  {
    what: 'namesakes come in the order in which they were made',
    ...order,
    find: 'compareNumbers(a.order, b.order) || compareTexts(key(a), key(b))',
    replace: 'compareNumbers(a.order, b.order)',
  },
  {
    what: 'the tier kube-baseline denies at its end',
    ...order,
    find: "{ name: 'kube-baseline', order: 10_000_000, defaultAction: 'Pass' }",
    replace: "{ name: 'kube-baseline', order: 10_000_000, defaultAction: 'Deny' }",
  },
  {
    what: 'a namespace selector that means all selects network sets too',
    ...expression,
    find: "return inherited(selector, NAMESPACE_PREFIX, { kind: 'has', label: NAMESPACE_LABEL });",
    replace: "return inherited(selector, NAMESPACE_PREFIX, { kind: 'all' });",
  },
  {
    what: 'a namespaced policy selects in all namespaces',
    ...expression,
    find: 'ofNamespace(namespaceSelector) : namespace && inNamespace(namespace);',
    replace: 'ofNamespace(namespaceSelector) : undefined;',
  },
  {
    what: 'a service account selector is left out',
    ...expression,
    find: 'serviceAccounts.selector && ofServiceAccount(serviceAccounts.selector),',
    replace: '',
  },
  {
    what: 'endPort is not looked at',
    ...kubernetes,
    find: '[[first, endPort ?? first]]',
    replace: '[[first, first]]',
  },
  {
    what: 'ipBlock’s exceptions are left out',
    ...kubernetes,
    find: 'notNets: one.except ?? []',
    replace: 'notNets: []',
  },
  {
    what: 'a pod selector without namespaces means pods anywhere',
    ...kubernetes,
    find: 'one.namespaceSelector == null ? inNamespace(namespace) : ofNamespace(one.namespaceSelector)',
    replace: "ofNamespace(one.namespaceSelector ?? { kind: 'all' })",
  },
  {
    what: 'an empty list of peers means nobody',
    ...kubernetes,
    find: 'peers.length === 0 ? [{}] : peers',
    replace: 'peers',
  },
  {
    what: 'a port without a protocol is of any',
    ...kubernetes,
    find: "({ protocol }) => protocol ?? 'TCP'",
    replace: "({ protocol }) => protocol ?? ''",
  },
  {
    what: 'a policy with egress rules and no types is about ingress alone',
    ...kubernetes,
    find: "isSaid ? ['Ingress', 'Egress'] : ['Ingress']",
    replace: "!isSaid ? ['Ingress', 'Egress'] : ['Ingress']",
  },
  {
    what: 'a Deny that is not understood is left out',
    file: 'src/policy/sources/closed.ts',
    tests: [CLOSED],
    find: "action === 'Allow' || action === 'Accept'",
    replace: "action === 'Allow' || action === 'Deny' || action === 'Accept'",
  },
  {
    what: 'a staged policy is enforced',
    file: 'src/policy/world.ts',
    tests: [CORNERS, TABLES],
    find: '.filter(({ staged }) => staged === undefined)',
    replace: '.filter(() => true)',
  },
  {
    what: 'what a profile gives goes before a pod’s own label',
    file: 'src/policy/world.ts',
    tests: [CORNERS, TABLES],
    find: 'Object.assign({}, ...inherited, thing.labels)',
    replace: 'Object.assign({}, thing.labels, ...inherited)',
  },
  {
    what: 'a network set has no labels of its namespace',
    file: 'src/policy/world.ts',
    tests: [CORNERS],
    find: 'labels: this.labelsOf(set)',
    replace: 'labels: set.labels',
  },
  {
    what: 'what was accepted before DNAT is not asked for its connection',
    ...host,
    find: "!(isForwarded && packet.state === 'invalid')",
    replace: 'isForwarded !== undefined',
  },
  {
    what: 'a pod gets what belongs to no connection',
    ...host,
    find: "if (packet.state === 'invalid') return BROKEN;\n  const decision",
    replace: 'const decision',
  },
  {
    what: 'a priority that is none is the first, and accepts',
    ...cluster,
    find: 'order.success ? lines.rules : lines.rules.flatMap(closedUnlessDenying)',
    replace: 'lines.rules',
  },
  {
    what: 'an administrator’s Baseline comes before all',
    ...cluster,
    find: "Baseline: 'kube-baseline' }",
    replace: "Baseline: 'kube-admin' }",
  },
  {
    what: 'an administrator’s rule for namespaces is left out',
    ...cluster,
    find: 'if (namespaces !== undefined) return { selector: ofNamespace(namespaces) };',
    replace: 'if (namespaces !== undefined) return { selector: { kind: "not", operand: { kind: "all" } } };',
  },
  {
    what: 'failsafes hold for what passes through as well',
    ...host,
    find: '!isForwarded && isFailsafe(packet, direction, settings)',
    replace: 'isFailsafe(packet, direction, settings)',
  },
  {
    what: 'the end of a tier drops before DNAT',
    ...host,
    find: 'decideByTiers(world, seen, direction, endpoint, counts, false)',
    replace: 'decideByTiers(world, seen, direction, endpoint, counts, true)',
  },
  {
    what: 'a host endpoint of all interfaces is asked before tracking',
    ...host,
    find: 'const isNamed = endpoint.interfaceName !== ALL_INTERFACES;',
    replace: 'const isNamed = true;',
  },
  {
    what: 'a pod reaches its host by Return as by Drop',
    ...host,
    find: "settings.defaultEndpointToHostAction !== 'Drop'",
    replace: "settings.defaultEndpointToHostAction === 'Accept'",
  },
  {
    what: 'a tunnel between nodes is closed by host endpoints',
    ...host,
    tests: [HOSTS],
    find: 'settings.isTunnel?.(packet, direction) === true',
    replace: 'settings.isTunnel?.(packet, direction) === undefined',
  },
  {
    what: 'an interface whose endpoint is known by its address has none',
    ...host,
    tests: [HOSTS],
    find: 'if (interfaces !== undefined) {',
    replace: 'if (interfaces === null) {',
  },
];

/** Of what compares a node with its kernel. */
const OF_THE_NODE: readonly Mutant[] = [
  {
    what: 'what is for the node itself is taken for what passes through',
    ...inNode('policy-hosts'),
    find: "return fromHere ? 'out' : 'in';",
    replace: "return fromHere ? 'forward-out' : 'forward-in';",
  },
  {
    what: 'a node asks its own pods’ policy',
    ...inNode('policy-why'),
    find: 'const halves = isFromItsHost ? [egress] : [egress, ingress];',
    replace: 'const halves = [egress, ingress];',
  },
  {
    what: 'what passes an interface is not asked before DNAT',
    file: 'src/dataplane/policy/hooks-on-way.ts',
    tests: [HOSTS],
    find: "        ['before-dnat', early],\n        ['forward',",
    replace: "        ['forward',",
  },
  {
    what: 'the node’s own address is not known to be its own',
    ...inNode('policy-hosts'),
    find: 'this.#own.has(formatAddress(address)) ||',
    replace: '',
  },
  {
    what: 'what is no namespace ends the search for a pod’s',
    file: 'src/daemon/pod-namespace-search.ts',
    tests: ['test/daemon/pod-namespace-search.test.ts'],
    find: 'kernel.namespaceId(path).catch(() => undefined)',
    replace: 'kernel.namespaceId(path)',
  },
];

const WORLDS = 'test/dataplane/policy/worlds-kernel.test.ts';
const KERNEL = 'test/dataplane/policy/tables-kernel.test.ts';
const STRETCHES = 'test/dataplane/policy/stretches.test.ts';
const inKernel = (file: string): typeof match => ({ file: `src/dataplane/policy/${file}.ts`, tests: [WORLDS, KERNEL] });

/** Of what is rendered for the kernel. */
const OF_THE_RENDERER: readonly Mutant[] = [
  {
    what: 'a gate looks at the pod itself instead of the other end',
    ...inKernel('gate'),
    find: "direction === 'ingress' ? 'saddr' : 'daddr'",
    replace: "direction === 'ingress' ? 'daddr' : 'saddr'",
  },
  {
    what: 'who passes behind a gate is asked by its next policy',
    ...inKernel('gate'),
    find: '...(canPass(policy, direction) ?',
    replace: '...(canPass(policy, direction) && passMark === 0 ?',
  },
  {
    what: 'a stretch that may pass is taken for one that may not',
    ...inKernel('tiers'),
    find: 'if (one.some(passes))',
    replace: 'if (one.every(passes))',
  },
  {
    what: 'a rule with names of ports is bound by their numbers',
    ...inKernel('bound'),
    tests: [STRETCHES, WORLDS],
    find: ' || ports.names.length > 0) return undefined;',
    replace: ') return undefined;',
  },
  {
    what: 'a policy is bound as soon as one of its rules is',
    ...inKernel('bound'),
    tests: [STRETCHES, WORLDS],
    find: '.every((rule) => boundOf',
    replace: '.some((rule) => boundOf',
  },
  {
    what: 'what the source may send needs no leave of its destination',
    ...inKernel('rules'),
    find: "egress: 'goto egress-ok'",
    replace: "egress: 'accept'",
  },
  {
    what: 'a rule that denies lets go on',
    ...inKernel('rules'),
    find: "if (rule.action === 'Deny') {",
    replace: "if (rule.action === 'Deny' && rule.index < 0) {",
  },
  {
    what: 'a rule that passes lets go on in its tier',
    ...inKernel('rules'),
    find: "rule.action === 'Pass' ? passes : allowed",
    replace: "rule.action === 'Pass' ? setMark(settings.marks.pass) : allowed",
  },
  {
    what: 'Pass in a profile goes on to its next rule',
    ...inKernel('rules'),
    find: "rule.action === 'Pass' ? { ...rule, action: 'Deny' } : rule",
    replace: "rule.action === 'Pass' ? { ...rule, action: 'Log' } : rule",
  },
  {
    what: 'the mark of one tier’s Pass is left for the next',
    ...inKernel('tiers'),
    find: 'const clearPass = clearMark(passMark);',
    replace: 'const clearPass = clearMark(0x80000);',
  },
  {
    what: 'a tier drops at its end whatever its default action',
    ...inKernel('tiers'),
    find: "endsDecide && tier.defaultAction === 'Deny'",
    replace: 'endsDecide',
  },
  {
    what: 'a profile that is missing is left out in the kernel',
    ...inKernel('class'),
    find: 'if (profile === undefined) break;',
    replace: 'if (profile === undefined) continue;',
  },
  {
    what: 'the pod that it goes to is not asked',
    ...inKernel('dispatch'),
    find: 'oifname vmap @',
    replace: 'oifname "nobody" oifname vmap @',
  },
  {
    what: 'networks of a set are not looked at',
    ...inKernel('match'),
    find: 'sets.hasNets(key, family) ? [[',
    replace: "sets.hasNets(key, family) && key === '' ? [[",
  },
  {
    what: 'networks of an excluding set are not looked at',
    ...inKernel('match'),
    find: 'sets.hasNets(key, family) ? [`',
    replace: "sets.hasNets(key, family) && key === '' ? [`",
  },
  {
    what: 'a named port is of anybody',
    ...inKernel('match'),
    find: "const key = setKey({ kind: 'named ports', names: ports.names, selector });",
    replace: "const key = setKey({ kind: 'named ports', names: ports.names, selector: undefined });",
  },
  {
    what: 'numbers beside names of ports are left out',
    ...inKernel('match'),
    find: 'const numbered = ports.ranges.length === 0 ?',
    replace: 'const numbered = ports.ranges.length === 0 || ports.names.length > 0 ?',
  },
  {
    what: 'an exclusion of one ICMP code excludes the type',
    ...inKernel('match'),
    find: '...(notIcmp.code === undefined ? []',
    replace: '...(notIcmp.code !== undefined ? []',
  },
  {
    what: 'an exclusion of ICMP excludes all other protocols',
    ...inKernel('match'),
    find: '...(protocol === icmpNumber ? []',
    replace: '...(protocol !== -1 ? []',
  },
  {
    what: 'ranges of ports that meet are not made one',
    file: 'src/dataplane/policy/match.ts',
    tests: ['test/dataplane/policy/match.test.ts'],
    find: 'first <= before[1] + 1',
    replace: 'first < before[0]',
  },
  {
    what: 'a member of IPv6 is put among those of IPv4',
    ...inKernel('set'),
    find: 'if (now !== undefined) this.#halves[now].members.set(member, member);',
    replace: 'if (now !== undefined) this.#halves[4].members.set(member, member);',
  },
];

const HISTORY = 'test/calc/policy/history.test.ts';

/** Of how it comes to the kernel, and when a pod may be led to. */
const OF_THE_WRITER: readonly Mutant[] = [
  {
    what: 'a pod is led to before other pods’ rules know its address',
    file: 'src/dataplane/policy/reconcile.ts',
    tests: ['test/dataplane/policy/admission.test.ts'],
    find: 'this.#room.isTried(asked) &&',
    replace: '',
  },
  {
    what: 'of the family of its pods a node asks for nothing',
    file: 'src/dataplane/policy/reconcile.ts',
    tests: ['test/dataplane/policy/families.test.ts'],
    find: "cidr.includes(':') === (family === 6)",
    replace: "cidr.includes(':') === (family === 4)",
  },
  {
    what: 'a list in a rule is short of its last',
    file: 'src/nftables/set-types.ts',
    tests: ['test/nftables/rule-words.test.ts'],
    find: "words.slice(1, end).join(' ').split(', ')",
    replace: "words.slice(1, end).join(' ').split(', ').slice(0, -1)",
  },
  {
    what: 'a bit of the mark takes others away',
    file: 'src/nftables/rule-words.ts',
    tests: ['test/nftables/rule-words.test.ts'],
    find: 'hostOrder(~Number(operand))',
    replace: 'hostOrder(0)',
  },
  {
    what: 'the first address behind a network is read as one of it',
    file: 'src/nftables/kernel-listing.ts',
    tests: ['test/nftables/kernel-listing.test.ts'],
    find: 'end.at - 1n',
    replace: 'end.at',
  },
];

/** Of what is worked out by changes. */
const OF_THE_CALCULATION: readonly Mutant[] = [
  {
    what: 'a policy that goes to another tier is asked where it was',
    file: 'src/calc/policy/subjects.ts',
    tests: [HISTORY],
    find: 'a.tier === b.tier && a.order',
    replace: 'a.order',
  },
  {
    what: 'a host endpoint that goes to another interface stays on its own',
    file: 'src/calc/policy/enforcing.ts',
    tests: [HISTORY],
    find: 'if (here !== undefined || was !== undefined) endpoints',
    replace: 'if (here === undefined || was === undefined) endpoints',
  },
  {
    what: 'a pod that gets another interface is known by its former one',
    file: 'src/calc/policy/enforcing.ts',
    tests: [HISTORY],
    find: 'now?.endpoint, before?.endpoint) || moves)',
    replace: 'now?.endpoint, before?.endpoint))',
  },
];

export const MUTANTS = [...OF_THE_JUDGE, ...OF_THE_NODE, ...OF_THE_RENDERER, ...OF_THE_WRITER, ...OF_THE_CALCULATION];
