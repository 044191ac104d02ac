import t from 'tap';
import {
  definitionOf,
  type KindName,
  kindNames,
  newResource,
  read,
  type StoredKind,
  UnknownKind,
  ValidationError,
  validate,
  validateAs,
} from '../../src/model/index.ts';

/** The least that each kind needs, and is valid. */
const least: Record<StoredKind, object> = {
  BFDConfiguration: { interfaces: [{ matchPattern: 'eth*' }] },
  BGPConfiguration: {},
  BGPFilter: { exportV4: [{ action: 'Accept', cidr: '10.0.0.0/8', matchOperator: 'In' }] },
  BGPPeer: { peerIP: '10.0.0.1', asNumber: 64513 },
  BlockAffinity: { node: 'n', cidr: '10.0.0.0/26', state: 'confirmed' },
  CalicoNodeStatus: { node: 'n', classes: ['BGP'], updatePeriodSeconds: 10 },
  ClusterInformation: { datastoreReady: true },
  FelixConfiguration: { logSeverityScreen: 'info' },
  GlobalNetworkPolicy: { selector: 'all()', ingress: [{ action: 'Allow' }] },
  GlobalNetworkSet: { nets: ['10.0.0.0/8'] },
  HostEndpoint: { node: 'n', interfaceName: 'eth0' },
  IPAMBlock: { cidr: '10.0.0.0/30', allocations: [null, null, null, null], unallocated: [0, 1, 2, 3], attributes: [] },
  IPAMConfiguration: {},
  IPAMHandle: { handleID: 'h', block: {} },
  IPPool: { cidr: '10.0.0.0/16' },
  IPReservation: { reservedCIDRs: ['10.0.0.1', '10.0.1.0/24'] },
  KubeControllersConfiguration: { controllers: { node: { leakGracePeriod: '15m' } } },
  NetworkPolicy: { egress: [{ action: 'Deny', protocol: 'TCP', destination: { ports: [80, '100:200', 'http'] } }] },
  NetworkSet: { nets: [] },
  Node: { bgp: { ipv4Address: '192.168.0.1/24' } },
  Profile: { labelsToApply: { a: 'b' } },
  StagedGlobalNetworkPolicy: { stagedAction: 'Set' },
  StagedKubernetesNetworkPolicy: { podSelector: {} },
  StagedNetworkPolicy: { stagedAction: 'Delete' },
  Tier: { order: 10, defaultAction: 'Pass' },
  WorkloadEndpoint: { interfaceName: 'cali1', ipNetworks: ['10.0.0.1/32'], profiles: ['kns.default'] },
};
const namespaced: readonly KindName[] = [
  'NetworkPolicy',
  'NetworkSet',
  'StagedKubernetesNetworkPolicy',
  'StagedNetworkPolicy',
  'WorkloadEndpoint',
];

const metadata = (kind: KindName): object => ({
  name: ['BGPConfiguration', 'ClusterInformation', 'IPAMConfiguration', 'KubeControllersConfiguration'].includes(kind)
    ? 'default'
    : 'x',
  ...(namespaced.includes(kind) && { namespace: 'n' }),
});

t.test('every kind reads its least form, and carries fields that nobody knows', async (test) => {
  for (const kind of kindNames) {
    const spec = { ...least[kind], future: { deep: [1, 'two'] } };
    const raw = {
      apiVersion: 'projectcalico.org/v3',
      kind,
      metadata: { ...metadata(kind), odd: 1 },
      spec,
      status: { s: 1 },
    };
    test.same(validate(raw), raw, kind);
  }
});

t.test('a Node may have its AS number before it has an address', async (test) => {
  for (const bgp of [
    { asNumber: 64513 },
    { routeReflectorClusterID: '244.0.0.1' },
    { ipv4IPIPTunnelAddr: '10.0.0.1' },
  ]) {
    test.same(validateAs('Node', newResource('Node', { name: 'n' }, { bgp })).spec, { bgp });
  }
});

t.test('nulls are as good as nothing, but for the free ordinals of a block', async (test) => {
  const spec = { ...least.IPAMBlock, affinity: null, attributes: [{ handle_id: null }] };
  const { spec: read } = validateAs('IPAMBlock', { kind: 'IPAMBlock', metadata: { name: 'b' }, spec });
  test.same(read, { ...least.IPAMBlock, attributes: [{}] });
});

type Fault = readonly [KindName, object, string];

/** A spec that breaks a rule, and the message. */
const faults: readonly Fault[] = [
  ['IPPool', {}, 'error with field CIDR (IPPool CIDR must be specified)'],
  ['IPPool', { cidr: '10.0.0.0/33' }, "error with field CIDR = '10.0.0.0/33' (IPPool CIDR must be a valid subnet)"],
  ['IPPool', { cidr: '10.0.0.1/16' }, "error with field CIDR = '10.0.0.1/16' (IPPool CIDR is not strictly masked)"],
  [
    'IPPool',
    { cidr: '10.0.0.0/27' },
    "error with field CIDR = '10.0.0.0/27' (IP pool size is too small for use with Calico IPAM. " +
      'It must be equal to or greater than the block size.)',
  ],
  [
    'IPPool',
    { cidr: '10.0.0.0/16', blockSize: 19 },
    "error with field BlockSize = '19' (block size must be between 20 and 32)",
  ],
  [
    'IPPool',
    { cidr: 'fd00::/64', ipipMode: 'Always' },
    "error with field IPIPMode = 'Always' (IPIPMode is not supported on an IPv6 IP pool)",
  ],
  [
    'IPPool',
    { cidr: '10.0.0.0/16', ipipMode: 'Always', vxlanMode: 'CrossSubnet' },
    "error with field VXLANMode = 'CrossSubnet' " +
      '(IPIPMode and VXLANMode cannot both be enabled on the same IP pool)',
  ],
  [
    'IPPool',
    { cidr: '169.254.0.0/24' },
    "error with field CIDR = '169.254.0.0/24' (IPPool CIDR overlaps with IPv4 link local range 169.254.0.0/16)",
  ],
  [
    'IPPool',
    { cidr: '10.0.0.0/16', nodeSelector: 'a ==' },
    "error with field NodeSelector = 'a ==' (invalid selector 'a ==': expected string at column 5)",
  ],
  [
    'IPPool',
    { cidr: '10.0.0.0/16', nodeSelector: 'global()' },
    "error with field NodeSelector = 'global()' (global() can only be used in an EntityRule namespaceSelector)",
  ],
  ['Node', { bgp: {} }, "error with field BGP = '{}' (Spec.BGP should not be empty)"],
  [
    'Node',
    { bgp: { ipv4Address: 'fd00::1/64' } },
    "error with field BGP.IPv4Address = 'fd00::1/64' (must be an IPv4 address or CIDR)",
  ],
  [
    'BGPPeer',
    { peerIP: '10.0.0.1:99999', asNumber: 1 },
    "error with field PeerIP = '10.0.0.1:99999' (must be ip, ip:port or [ipv6]:port)",
  ],
  [
    'BGPPeer',
    { peerIP: '10.0.0.1', asNumber: 4294967296 },
    "error with field ASNumber = '4294967296' (must be an AS number: 0-4294967295 or two 16-bit numbers such as 1.10)",
  ],
  [
    'IPAMConfiguration',
    { maxBlocksPerHost: 2 },
    "error with field MaxBlocksPerHost = '2' (needs StrictAffinity to be true)",
  ],
  [
    'GlobalNetworkPolicy',
    { ingress: [{ action: 'Allow', source: { ports: [80] } }] },
    "error with field Ingress[0].Source.Ports = '[80]' (rules that specify ports must set protocol to TCP or UDP or SCTP)",
  ],
  [
    'GlobalNetworkPolicy',
    { ingress: [{ action: 'Allow', source: { nets: ['10.0.0.0/8', 'fd00::/8'] } }] },
    `error with field Ingress[0].Source.Nets = '["10.0.0.0/8","fd00::/8"]' (rule contains both IPv4 and IPv6 CIDRs)`,
  ],
  ['NetworkSet', { nets: ['10.0.0.0/8', 'x'] }, "error with field Nets[1] = 'x' (must be an IP address or a CIDR)"],
];

t.test('a broken rule is named with its field, its value and what is allowed', async (test) => {
  for (const [kind, spec, message] of faults) {
    test.equal(
      messageOf(() => validate({ kind, metadata: metadata(kind), spec })),
      message,
    );
  }
});

t.test('every wrong field is listed', async (test) => {
  const raw = { kind: 'IPPool', metadata: { name: 'Up' }, spec: { cidr: 'x', blockSize: 'y' } };
  test.throws(() => validate(raw), {
    code: 'VALIDATION',
    message:
      /^error with the following fields:\n- {2}Metadata.Name = 'Up' \(.*\n- {2}CIDR = 'x' \(.*\n- {2}BlockSize = 'y' \(.*\n$/,
  });
});

/** A kind, a name, and whether it may have it. */
const nameCases: readonly (readonly [StoredKind, string, boolean])[] = [
  ['IPPool', 'a.b-c', true],
  ['IPPool', '-a', false],
  ['IPPool', 'a_b', false],
  ['IPPool', 'a'.repeat(254), false],
  ['Tier', 'a', true],
  ['Tier', 'a.b', false],
  ['GlobalNetworkPolicy', 'tier.name', true],
  ['GlobalNetworkPolicy', 'a.b.c', false],
  ['GlobalNetworkPolicy', 'knp.default.allow', false],
  ['NetworkPolicy', 'a.b.c', false],
  ['Tier', 'a'.repeat(64), false],
  ['NetworkPolicy', 'knp.default.allow', true],
  ['BGPConfiguration', 'default', true],
  ['BGPConfiguration', 'node.n1', true],
  ['BGPConfiguration', 'other', true],
  ['ClusterInformation', 'other', false],
];

t.test('names follow the rule of their kind', async (test) => {
  for (const [kind, name, allowed] of nameCases) {
    const raw = { kind, metadata: { ...metadata(kind), name }, spec: least[kind] };
    if (allowed) test.ok(validate(raw), `${kind}(${name})`);
    else test.throws(() => validate(raw), { code: 'VALIDATION', message: /Metadata.Name/ }, `${kind}(${name})`);
  }
});

t.test('a namespace is needed or forbidden', async (test) => {
  test.throws(() => validate({ kind: 'NetworkSet', metadata: { name: 'x' } }), {
    message: /namespace must be specified/,
  });
  const raw = { ...newResource('IPPool', { name: 'x', namespace: 'n' }, { cidr: '10.0.0.0/16' }) };
  test.throws(() => validate(raw), { message: /Metadata.Namespace = 'n' \(namespace should not be specified\)/ });
});

t.test('labels and annotations are held to what Kubernetes takes, on every kind', async (test) => {
  const long = 'x'.repeat(64);
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ labels: { 'a b': 'c' } }, /Metadata.Labels \(label\) = 'a b'/],
    [{ labels: { 'Example.org/a': 'c' } }, /Metadata.Labels \(label\)/],
    [{ labels: { [long]: 'c' } }, /Metadata.Labels \(label\)/],
    [{ labels: { 'a/b/c': 'd' } }, /Metadata.Labels \(label\)/],
    [{ labels: { a: long } }, /Metadata.Labels \(value\)/],
    [{ labels: { a: 'b c' } }, /Metadata.Labels \(value\) = 'b c'/],
    [{ annotations: { 'example.org$a': 'b' } }, /Metadata.Annotations \(key\) = 'example.org\$a'/],
    [{ annotations: { key: 'x'.repeat(256 * 1024 - 2) } }, /total size of annotations is too large by 1 bytes/],
  ];
  const fine = {
    labels: { 'example.org/A_b.c': long.slice(1), b: '' },
    annotations: { 'Example.org/A': 'x'.repeat(1e5) },
  };
  for (const kind of kindNames) {
    const object = (more: object): object => ({ kind, metadata: { ...metadata(kind), ...more }, spec: least[kind] });
    for (const [more, says] of wrong) test.throws(() => validate(object(more)), { message: says }, kind);
    test.ok(validate(object(fine)), kind);
  }
  const set = { kind: 'GlobalNetworkSet', metadata: { name: 'x', labels: { 'projectcalico.org/namespace': 'a' } } };
  test.throws(() => validate(set), { message: /projectcalico.org\/namespace is not a valid label name/ });
});

t.test('names that every object has are names of fields as all others', async (test) => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    for (const kind of kindNames) {
      const raw = { kind, metadata: metadata(kind), spec: { ...least[kind], [name]: { prototype: { a: 1 } } } };
      test.ok(validate(raw), `${kind}.${name}`);
    }
  }
  const hostile = JSON.parse(
    '{"kind": "IPPool", "metadata": {"name": "x"}, "spec": {"cidr": "10.0.0.0/16", "__proto__": {}}}',
  );
  test.throws(() => validate(hostile), { message: /__proto__ = '\{\}' \(is no name of a field\)/ });
  test.same(Object.keys(read('IPPool', hostile).resource?.spec ?? {}), ['cidr']);
});

t.test('there is a limit to what one object may be, and to what is said of it', async (test) => {
  const peer = (spec: object): object => ({ kind: 'BGPPeer', metadata: { name: 'x' }, spec });
  let deep: object = {};
  for (let level = 0; level < 100_000; level++) deep = { deep };
  test.throws(() => validate(peer({ deep })), { message: /nested deeper than 64 levels/ });
  test.throws(() => validate(peer({ peerIP: 'x'.repeat(5e6) })), { message: /more than 4194304 characters of text/ });
  test.throws(() => validate(peer({ filters: Array(1_000_001).fill(1) })), { message: /more than 1000000 fields/ });
  for (const spec of [
    { peerIP: 'x'.repeat(1e6) },
    { nodeSelector: 'a=='.repeat(1e6) },
    { filters: Array(1e5).fill(1) },
  ]) {
    test.ok(messageOf(() => validate(peer(spec))).length < 50_000, Object.keys(spec)[0]);
  }
});

t.test('what is no resource at all', async (test) => {
  for (const raw of [undefined, null, 3, 'text', []]) test.throws(() => validate(raw), { code: 'VALIDATION' });
  for (const kind of ['Pod', 'ippool', 'constructor', undefined]) test.throws(() => validate({ kind }), UnknownKind);
  const v1 = { ...newResource('IPPool', { name: 'x' }, { cidr: '10.0.0.0/16' }), apiVersion: 'v1' };
  test.throws(() => validate(v1), { message: /APIVersion = 'v1' \(must be projectcalico.org\/v3\)/ });
  test.throws(() => validateAs('Node', { ...v1, apiVersion: 'projectcalico.org/v3' }), { message: /Kind = 'IPPool'/ });
});

t.test('AS numbers are read from numbers, digits and asdot', async (test) => {
  for (const [text, number] of [
    [64512, 64512],
    ['64512', 64512],
    ['1.10', 65546],
    ['0.1', 1],
  ] as const) {
    const peer = validateAs('BGPPeer', {
      kind: 'BGPPeer',
      metadata: { name: 'p' },
      spec: { peerIP: '::1', asNumber: text },
    });
    test.equal(peer.spec.asNumber, number);
  }
});

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ValidationError) return error.message;
    throw error;
  }
  return 'valid';
}

t.test('a limit is said in words that name it', async (t) => {
  const rule = { action: 'Allow', protocol: 'ICMP', icmp: { type: 256 } };
  const policy = { kind: 'GlobalNetworkPolicy', metadata: { name: 'p' }, spec: { ingress: [rule] } };
  t.throws(() => validate(policy), { message: /ICMP\.Type = '256' \(must be at most 254\)/ });
  const many = {
    ...policy,
    spec: { ingress: [{ ...rule, icmp: {}, source: { nets: Array(257).fill('10.0.0.0/8') } }] },
  };
  t.throws(() => validate(many), { message: /must be at most 256 items long/ });
});

/** Something that this field can't be; undefined when it may be anything. */
function wrongFor(schema: { safeParse(value: unknown): { success: boolean } }): unknown {
  return ['never \u0000', { never: [] }, -1.5, [{ never: 1 }]].find((value) => !schema.safeParse(value).success);
}

t.test('one wrong field loses nothing but itself, of any kind', async (test) => {
  for (const kind of kindNames) {
    const { spec: schema, essential = [], ownReader = false } = definitionOf(kind);
    // Of these nothing is lost at all (read.test.ts).
    if (ownReader) continue;
    const { shape } = schema as unknown as { shape: Record<string, Parameters<typeof wrongFor>[0]> };
    const stored = newResource(kind, metadata(kind) as { name: string }, least[kind] as never);
    const good = read(kind, stored).resource!;
    for (const [field, own] of Object.entries(shape)) {
      const wrong = wrongFor(own);
      if (wrong === undefined) continue;
      const bad = { ...stored, spec: { ...least[kind], [field]: wrong } } as unknown as typeof stored;
      const { [field]: _, ...others } = good.spec as Record<string, unknown>;
      const { resource, problem } = read(kind, bad);
      test.type(problem, 'string', `${kind}.${field} is named`);
      const isNeeded = essential === 'all' || essential.includes(field) || !schema.safeParse(others).success;
      if (isNeeded) test.equal(resource, undefined, `without ${kind}.${field} there is no object`);
      else test.match(resource?.spec, others, `${kind}.${field} is lost alone`);
      test.match(read(kind, bad, good).resource?.spec, good.spec, `${kind}.${field} keeps its last value`);
    }
  }
});
