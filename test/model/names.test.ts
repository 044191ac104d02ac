import fc from 'fast-check';
import t from 'tap';
import {
  affinityLabels,
  affinityName,
  blockName,
  builtInTiers,
  definitionOf,
  effectiveIPAMConfiguration,
  effectivePool,
  fillDefaults,
  findKind,
  formatJson,
  handleName,
  kindNames,
  newResource,
  parseJson,
  readPeerIP,
  resourceKeyText,
} from '../../src/model/index.ts';

t.test('stored names are those that Calico gives', async (test) => {
  test.equal(blockName('10.0.0.0/26'), '10-0-0-0-26');
  test.equal(blockName('fd00::/122'), 'fd00---122');
  test.equal(affinityName('node1', '10.0.0.0/26'), 'node1-10-0-0-0-26');
  test.equal(handleName('k8s-pod-network.ABC'), 'k8s-pod-network.abc');
  test.equal(resourceKeyText('IPPool', 'p'), 'IPPool(p)');
  test.equal(resourceKeyText('NetworkPolicy', 'p', 'ns'), 'NetworkPolicy(ns/p)');
  const long = affinityName('n'.repeat(253), '10.0.0.0/26');
  test.equal(long.length, 252);
  test.match(long, /^n{228}-10-0-0-0-26-[0-9a-f]{11}$/);
  test.not(long, affinityName('n'.repeat(254), '10.0.0.0/26'));
  test.same(affinityLabels('host1', 'host', 'fd00::/122'), {
    'projectcalico.org/affinity-type': 'host',
    'projectcalico.org/hostname-hash': affinityLabels('host1', 'host', '10.0.0.0/26')[
      'projectcalico.org/hostname-hash'
    ],
    'projectcalico.org/ip-version': '6',
  });
});

t.test('kinds are found by any name that calicoctl takes, in any case; no name means two', async (test) => {
  for (const text of ['ipPool', 'IPPOOLS', 'pool', 'ipp']) test.equal(findKind(text), 'IPPool');
  for (const text of ['no', 'nodes']) test.equal(findKind(text), 'Node');
  test.equal(findKind('np'), 'NetworkPolicy');
  test.equal(findKind('constructor'), undefined);
  test.equal(findKind('nonsense'), undefined);
  const all = kindNames.flatMap((kind) => [
    ...new Set([...definitionOf(kind).aliases, kind.toLowerCase(), definitionOf(kind).plural]),
  ]);
  test.equal(new Set(all).size, all.length);
  for (const kind of kindNames) test.equal(definitionOf(kind).kind, kind);
});

t.test("Calico's client writes these defaults", async (test) => {
  const pool = newResource('IPPool', { name: 'p' }, { cidr: 'fd00::/64', natOutgoing: true });
  test.same(fillDefaults(pool).spec, {
    cidr: 'fd00::/64',
    natOutgoing: true,
    blockSize: 122,
    ipipMode: 'Never',
    vxlanMode: 'Never',
    nodeSelector: 'all()',
    allowedUses: ['Workload', 'Tunnel'],
    assignmentMode: 'Automatic',
  });
  const policy = newResource('NetworkPolicy', { name: 'p', namespace: 'n' }, { egress: [{ action: 'Allow' }] });
  test.match(fillDefaults(policy), {
    metadata: { labels: { 'projectcalico.org/tier': 'default' } },
    spec: { tier: 'default', types: ['Egress'] },
  });
  for (const [name, always] of Object.entries(builtInTiers)) {
    test.same(fillDefaults(newResource('Tier', { name }, { order: 3 })).spec, always);
  }
  test.same(fillDefaults(newResource('Tier', { name: 'mine' }, { order: 3 })).spec, {
    order: 3,
    defaultAction: 'Deny',
  });
});

t.test('readers see a spec with nothing missing', async (test) => {
  const pool = effectivePool(newResource('IPPool', { name: 'p' }, { cidr: '10.0.0.0/16' }));
  test.match(pool, { blockSize: 26, disabled: false, natOutgoing: false, disableBGPExport: false });
  test.match(effectiveIPAMConfiguration(undefined), {
    strictAffinity: false,
    autoAllocateBlocks: true,
    maxBlocksPerHost: 0,
  });
});

t.test('the address of a peer may have a port', async (test) => {
  test.same(readPeerIP('10.0.0.1'), { address: '10.0.0.1', port: undefined });
  test.same(readPeerIP('10.0.0.1:1179'), { address: '10.0.0.1', port: 1179 });
  test.same(readPeerIP('[fd00::1]:1179'), { address: 'fd00::1', port: 1179 });
  for (const text of ['', '10.0.0.1:', '10.0.0.1:0', '[10.0.0.1]:179', 'fd00::1:99999', 'host:179']) {
    test.equal(readPeerIP(text)?.port, undefined, text);
  }
});

t.test('JSON keeps every integer exact', async (test) => {
  const text =
    '{"a":1700000000000000003,"b":[-9007199254740993,18446744073709551615],"c":1.5,"d":"1700000000000000003"}';
  test.same(parseJson(text), {
    a: 1_700_000_000_000_000_003n,
    b: [-9_007_199_254_740_993n, 18_446_744_073_709_551_615n],
    c: 1.5,
    d: '1700000000000000003',
  });
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), fc.jsonValue(), (number, value) => {
      const again = parseJson(formatJson({ number, value })) as { number: number | bigint; value: unknown };
      return BigInt(again.number) === number && formatJson(again.value) === formatJson(value);
    }),
    { seed: 5 },
  );
});
