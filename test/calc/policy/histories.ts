import fc from 'fast-check';
import type { SourceUpdate } from '../../../src/calc/index.ts';
import { type KindName, read } from '../../../src/model/index.ts';
import { gone, put } from '../resources.ts';

/** Histories of a small cluster in which everything meets: few names, few labels, few addresses. */

const NODES = ['a', 'b'];
const NAMESPACES = ['red', 'blue'];
const node = fc.constantFrom(...NODES);
const namespace = fc.constantFrom(...NAMESPACES);
const number = fc.integer({ min: 1, max: 4 });
const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

const labels = fc.record({ app: some(fc.constantFrom('x', 'y')), tier: some(fc.constantFrom('x', 'z')) }).map(defined);

function defined<T extends object>(value: T): Record<string, string> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
}

const selector = fc.constantFrom(
  ...['all()', 'app == "x"', 'app == "y"', 'app != "x"', 'has(tier)', '!has(app)', 'app == "x" && tier == "z"'],
  ...['pcns.env == "p"', 'app in {"x", "y"}', 'role == "w"', 'has('],
);
const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1', 'fd00::2');

const pod = fc
  .record({
    name: number,
    namespace,
    node,
    labels,
    addresses: fc.uniqueArray(address, { maxLength: 2 }),
    port: some(fc.constantFrom('http', 'dns')),
    profile: some(fc.constantFrom('kns.red', 'kns.blue', 'shut', 'lost')),
    interfaceName: some(fc.constantFrom('cali1', 'cali2', 'cali3')),
  })
  .map(({ name, namespace: where, node: on, labels: own, addresses, port, profile, interfaceName }) =>
    put(
      'WorkloadEndpoint',
      `pod-${name}`,
      {
        orchestrator: 'k8s',
        node: on,
        pod: `p${name}`,
        ipNetworks: addresses.map((one) => `${one}/${one.includes(':') ? 128 : 32}`),
        profiles: profile === undefined ? [] : [profile, 'kns.red'],
        ...(interfaceName !== undefined && { interfaceName }),
        ...(port !== undefined && { ports: [{ name: port, protocol: 'TCP', port: port === 'http' ? 80 : 53 }] }),
      },
      { namespace: where, labels: own },
    ),
  );

const POLICY_EDITS = [
  ...[{ tier: 'first' }, { tier: 'default' }, { tier: 'unmade' }, { order: 1 }, { order: 4 }],
  ...[{ types: ['Ingress'] }, { types: ['Egress'] }, { selector: 'app == "y"' }],
];

const side = fc
  .record({
    selector: some(selector),
    notSelector: some(selector),
    namespaceSelector: some(fc.constantFrom('env == "p"', 'all()', 'global()')),
    nets: some(fc.constant(['10.0.0.0/31'])),
    ports: some(fc.constantFrom([80], ['http'], ['http', 'dns'])),
    services: some(fc.constantFrom({ name: 'web', namespace: 'red' })),
  })
  .map((given) => Object.fromEntries(Object.entries(given).filter(([, one]) => one !== undefined)));

const rule = fc
  .record({ action: fc.constantFrom('Allow', 'Deny', 'Pass', 'Log'), source: side, destination: side })
  .map((given) => ({ protocol: 'TCP', ...given }));

const policySpec = fc
  .record({
    selector: some(selector),
    tier: some(fc.constantFrom('default', 'first', 'unmade')),
    order: some(number),
    types: some(fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress'])),
    ingress: some(fc.array(rule, { maxLength: 2 })),
    egress: some(fc.array(rule, { maxLength: 2 })),
  })
  .map((given) => Object.fromEntries(Object.entries(given).filter(([, one]) => one !== undefined)));

const policy = fc
  .record({
    kind: fc.constantFrom('NetworkPolicy', 'StagedNetworkPolicy', 'GlobalNetworkPolicy'),
    name: number,
    namespace,
    spec: policySpec,
    hook: some(fc.constantFrom('doNotTrack', 'preDNAT', 'applyOnForward')),
  })
  .map(({ kind, name, namespace: where, spec, hook }) => {
    const isGlobal = kind === 'GlobalNetworkPolicy';
    return stored(
      put(
        kind as 'NetworkPolicy',
        `policy-${name}`,
        { ...spec, ...(isGlobal && hook && { [hook]: true }) } as never,
        isGlobal ? {} : { namespace: where },
      ),
    );
  });

/** A peer that is a node can be named by administrators alone. */
const administrators = fc
  .record({ name: number, priority: number, rack: fc.constantFrom('1', '2'), action: fc.constantFrom('Allow', 'Deny') })
  .map(({ name, priority, rack, action }) =>
    stored(
      put('KubernetesAdminNetworkPolicy' as 'NetworkPolicy', `admin-${name}`, {
        priority,
        subject: { namespaces: {} },
        egress: [{ action, to: [{ nodes: { matchLabels: { rack } } }] }],
      } as never),
    ),
  );

const tier = fc
  .record({ order: some(number), defaultAction: some(fc.constantFrom('Deny' as const, 'Pass' as const)) })
  .map((given) => put('Tier', 'first', defined(given) as never));

const profile = fc
  .record({
    name: fc.constantFrom('kns.red', 'kns.blue', 'shut'),
    env: some(fc.constantFrom('p', 'q')),
    role: some(fc.constant('w')),
    rules: some(fc.array(rule, { maxLength: 1 })),
  })
  .map(({ name, env, role, rules = [{ action: 'Allow' }] }) =>
    stored(
      put('Profile', name, {
        ingress: rules as never,
        egress: [{ action: 'Allow' }],
        labelsToApply: defined({ 'pcns.env': env, role }),
      }),
    ),
  );

const networkSet = fc
  .record({
    isGlobal: fc.boolean(),
    name: number,
    namespace,
    labels,
    nets: fc.uniqueArray(fc.constantFrom('10.0.0.1/32', '10.0.0.0/30', 'fd00::/64', '10.0.0.2'), { maxLength: 2 }),
  })
  .map(({ isGlobal, name, namespace: where, labels: own, nets }) =>
    put(
      isGlobal ? 'GlobalNetworkSet' : 'NetworkSet',
      `set-${name}`,
      { nets },
      { ...(!isGlobal && { namespace: where }), labels: own },
    ),
  );

const host = fc
  .record({
    name: number,
    node,
    labels,
    addresses: fc.uniqueArray(address, { maxLength: 1 }),
    interfaceName: fc.constantFrom('eth0', '*'),
    profiles: some(fc.constantFrom(['kns.red'], ['shut'], ['lost'])),
  })
  .map(({ name, node: on, labels: own, addresses, interfaceName, profiles }) =>
    put(
      'HostEndpoint',
      `host-${name}`,
      { node: on, interfaceName, expectedIPs: addresses, ...(profiles && { profiles }) },
      { labels: own },
    ),
  );

const machine = fc
  .record({ name: node, rack: some(fc.constantFrom('1', '2')), address: fc.constantFrom('10.9.0.1', '10.9.0.2') })
  .map(({ name, rack, address: at }) =>
    put('Node', name, { bgp: { ipv4Address: `${at}/24` } }, { labels: defined({ rack }) }),
  );

const slice = fc
  .record({ name: number, addresses: fc.uniqueArray(address, { maxLength: 2 }), port: some(fc.constantFrom(80, 443)) })
  .map(({ name, addresses, port }) =>
    put(
      'KubernetesEndpointSlice' as 'NetworkSet',
      `slice-${name}`,
      { service: 'web', addresses, ports: port === undefined ? [] : [{ protocol: 'TCP', port }] } as never,
      { namespace: 'red' },
    ),
  );

/** What somebody edits of an object that stays: one field of it, and the rest is as it was. */
const edits: Readonly<Partial<Record<KindName, fc.Arbitrary<object>>>> = {
  HostEndpoint: fc.constantFrom<object>(
    ...[{ interfaceName: 'eth0' }, { interfaceName: 'eth1' }, { interfaceName: '*' }],
    ...[{ node: 'a' }, { node: 'b' }, { expectedIPs: [] }, { expectedIPs: ['10.0.0.1'] }, { profiles: [] }],
  ),
  NetworkPolicy: fc.constantFrom<object>(...POLICY_EDITS),
  GlobalNetworkPolicy: fc.constantFrom<object>(...POLICY_EDITS),
  WorkloadEndpoint: fc.constantFrom<object>({ interfaceName: 'cali1' }, { interfaceName: 'cali3' }, { ports: [] }),
};

const removal = fc
  .record({
    what: fc.constantFrom(
      ...(['WorkloadEndpoint pod', 'NetworkPolicy policy', 'GlobalNetworkPolicy policy', 'NetworkSet set'] as const),
      ...(['GlobalNetworkSet set', 'HostEndpoint host', 'KubernetesAdminNetworkPolicy admin'] as const),
      'KubernetesEndpointSlice slice',
    ),
    name: number,
    namespace,
  })
  .map(({ what, name, namespace: where }) => {
    const [kind, word] = what.split(' ');
    const isGlobal = /^(Global|Host|KubernetesAdmin)/.test(kind);
    return gone(kind as KindName, `${word}-${name}`, isGlobal ? undefined : word === 'slice' ? 'red' : where);
  });

const otherRemoval = fc.constantFrom(
  gone('Tier', 'first'),
  gone('Profile', 'kns.red'),
  gone('Profile', 'shut'),
  gone('Node', 'a'),
  gone('Node', 'b'),
);

/** As the datastore delivers it, whatever stands in it. */
function stored(update: SourceUpdate): SourceUpdate {
  return { ...update, resource: read(update.key.kind, update.resource).resource } as SourceUpdate;
}

const update: fc.Arbitrary<SourceUpdate> = fc.oneof(
  { weight: 6, arbitrary: pod },
  { weight: 5, arbitrary: policy },
  { weight: 1, arbitrary: administrators },
  { weight: 2, arbitrary: profile },
  { weight: 2, arbitrary: networkSet },
  { weight: 1, arbitrary: tier },
  { weight: 1, arbitrary: host },
  { weight: 1, arbitrary: machine },
  { weight: 1, arbitrary: slice },
  { weight: 4, arbitrary: removal },
  { weight: 1, arbitrary: otherRemoval },
);

/** An edit of one of the objects that are there by then; which one, and what of it, is chosen by number. */
interface Edit {
  readonly which: number;
  readonly with: Readonly<Record<string, object>>;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  which: fc.nat(),
  with: fc.record(edits as Record<string, fc.Arbitrary<object>>),
});

/** Batches of news; some are of objects of which a single field is another. */
export const history = fc
  .array(fc.array(fc.oneof({ weight: 3, arbitrary: update }, { weight: 1, arbitrary: edit }), { maxLength: 5 }), {
    maxLength: 12,
  })
  .map((batches) => {
    const there = new Map<string, SourceUpdate>();
    return batches.map((batch) =>
      batch.flatMap((news): readonly SourceUpdate[] => {
        const told = 'key' in news ? news : edited([...there.values()], news);
        if (told === undefined) return [];
        const { kind, namespace: where, name } = told.key;
        const at = [kind, where, name].join(' ');
        if (told.resource === undefined) there.delete(at);
        else if (kind in edits) there.set(at, told);
        return [told];
      }),
    );
  });

function edited(there: readonly SourceUpdate[], { which, with: changes }: Edit): SourceUpdate | undefined {
  if (there.length === 0) return undefined;
  const { key, resource } = there[which % there.length];
  const spec = { ...(resource?.spec as object), ...changes[key.kind] };
  return { key, resource: { ...resource, spec } } as SourceUpdate;
}
