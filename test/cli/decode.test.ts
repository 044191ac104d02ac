import t from 'tap';
import { stringify } from 'yaml';
import type * as z from 'zod';
import { decode } from '../../src/cli/go-types/index.ts';
import { definitionOf, kindNames } from '../../src/model/index.ts';
import { Cluster, pool } from './harness.ts';

function object(kind: string, spec: object, rest: object = {}): object {
  const name = kind.endsWith('Configuration') ? 'default' : 'x';
  return { apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec, ...rest };
}

const UNRECOGNIZED = 'field in document is not recognized or is in the wrong location';
const DECODING = 'failed to execute command: error unmarshaling JSON: while decoding JSON';

interface Case {
  readonly kind: string;
  readonly spec: object;
  readonly rest?: object;
  readonly says: string;
}

const REFUSED: readonly Case[] = [
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16', blokSize: 26 },
    says: `${UNRECOGNIZED}: blokSize (unknown field "blokSize" in spec of IPPool(x); did you mean "blockSize"?)`,
  },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16', colour: 1 },
    says: `${UNRECOGNIZED}: colour (unknown field "colour" in spec of IPPool(x))`,
  },
  {
    kind: 'Node',
    spec: { bgp: { ipv4Addres: '192.0.2.1/24' } },
    says: `${UNRECOGNIZED}: ipv4Addres (unknown field "ipv4Addres" in spec.bgp of Node(x); did you mean "ipv4Address"?)`,
  },
  {
    kind: 'GlobalNetworkPolicy',
    spec: { ingress: [{ action: 'Allow' }, { action: 'Allow', sorce: {} }] },
    says: `${UNRECOGNIZED}: sorce (unknown field "sorce" in spec.ingress of GlobalNetworkPolicy(x); did you mean "source"?)`,
  },
  {
    kind: 'BGPPeer',
    spec: { peerIP: '192.0.2.1', unknown: 'thing' },
    says: `${UNRECOGNIZED}: unknown (unknown field "unknown" in spec of BGPPeer(x))`,
  },
  { kind: 'IPPool', spec: {}, rest: { http: {} }, says: `${UNRECOGNIZED}: http (unknown field "http" in IPPool(x))` },
  {
    kind: 'IPPool',
    spec: {},
    rest: { metadata: { name: 'x', lables: {} } },
    says: `${UNRECOGNIZED}: lables (unknown field "lables" in metadata of IPPool(x); did you mean "labels"?)`,
  },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16' },
    rest: { metadata: { name: 'x', creationTimestamp: 'yesterday' } },
    says: `${DECODING}: parsing time "yesterday" as "2006-01-02T15:04:05Z07:00"`,
  },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16' },
    rest: { metadata: { name: 'x', ownerReferences: [{ owner: 'y' }] } },
    says: `${UNRECOGNIZED}: owner (unknown field "owner" in metadata.ownerReferences of IPPool(x))`,
  },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16' },
    rest: { status: { conditions: 'fine' } },
    says: `${DECODING}: json: cannot unmarshal string into Go struct field IPPoolStatus.status.conditions of type []v1.Condition`,
  },
  {
    kind: 'StagedKubernetesNetworkPolicy',
    spec: { podSelector: { matchLabel: { app: 'web' } } },
    says: `${UNRECOGNIZED}: matchLabel (unknown field "matchLabel" in spec.podSelector of StagedKubernetesNetworkPolicy(x); did you mean "matchLabels"?)`,
  },
  {
    kind: 'StagedKubernetesNetworkPolicy',
    spec: { ingress: [{ from: [{ podSelectors: {} }] }] },
    says: `${UNRECOGNIZED}: podSelectors (unknown field "podSelectors" in spec.ingress.from of StagedKubernetesNetworkPolicy(x); did you mean "podSelector"?)`,
  },
  {
    kind: 'StagedKubernetesNetworkPolicy',
    spec: { ingress: [{ ports: [{ port: 1.5 }] }] },
    says: `${DECODING}: json: cannot unmarshal number 1.5 into Go struct field NetworkPolicyPort.spec.ingress.ports.port of type int32`,
  },
  {
    kind: 'FelixConfiguration',
    spec: { aSettingOfTomorrow: 1 },
    says: `${UNRECOGNIZED}: aSettingOfTomorrow (unknown field "aSettingOfTomorrow" in spec of FelixConfiguration(default))`,
  },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16', disabled: 'True' },
    says: `${DECODING}: json: cannot unmarshal string into Go struct field IPPoolSpec.spec.disabled of type bool`,
  },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16', blockSize: '26' },
    says: `${DECODING}: json: cannot unmarshal string into Go struct field IPPoolSpec.spec.blockSize of type int`,
  },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16', blockSize: 26.5 },
    says: `${DECODING}: json: cannot unmarshal number 26.5 into Go struct field IPPoolSpec.spec.blockSize of type int`,
  },
  {
    kind: 'IPPool',
    spec: { cidr: ['10.0.0.0/16'] },
    says: `${DECODING}: json: cannot unmarshal array into Go struct field IPPoolSpec.spec.cidr of type string`,
  },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16', ipipMode: {} },
    says: `${DECODING}: json: cannot unmarshal object into Go struct field IPPoolSpec.spec.ipipMode of type v3.IPIPMode`,
  },
  {
    kind: 'GlobalNetworkPolicy',
    spec: { ingress: 'all' },
    says: `${DECODING}: json: cannot unmarshal string into Go struct field GlobalNetworkPolicySpec.spec.ingress of type []v3.Rule`,
  },
  {
    kind: 'GlobalNetworkPolicy',
    spec: { egress: [{ action: 'Deny', source: { ports: [10, 65536] } }] },
    says: `${DECODING}: json: cannot unmarshal number 65536 into Go struct field EntityRule.spec.egress.source.ports of type uint16`,
  },
  {
    kind: 'GlobalNetworkPolicy',
    spec: { egress: [{ action: 'Deny', source: { ports: ['1:65536'] } }] },
    says: `${DECODING}: invalid maximum port number in range (1:65536)`,
  },
  {
    kind: 'GlobalNetworkPolicy',
    spec: { egress: [{ action: 'Deny', source: { ports: ['65535:1'] } }] },
    says: `${DECODING}: minimum port number (65535) is greater than maximum port number (1) in port range`,
  },
  {
    kind: 'BGPPeer',
    spec: { peerIP: '192.0.2.1', asNumber: 4294967296 },
    says: `${DECODING}: json: cannot unmarshal number into Go struct field BGPPeerSpec.spec.asNumber of type string`,
  },
  {
    kind: 'BGPPeer',
    spec: { peerIP: '192.0.2.1', asNumber: 'one' },
    says: `${DECODING}: invalid AS Number format (one)`,
  },
  {
    kind: 'BGPPeer',
    spec: { peerIP: '192.0.2.1', ttlSecurity: 300 },
    says: `${DECODING}: json: cannot unmarshal number 300 into Go struct field BGPPeerSpec.spec.ttlSecurity of type uint8`,
  },
  {
    kind: 'FelixConfiguration',
    spec: { reportingInterval: 10 },
    says: `${DECODING}: json: cannot unmarshal number into Go struct field FelixConfigurationSpec.spec.reportingInterval of type string`,
  },
  {
    kind: 'FelixConfiguration',
    spec: { reportingInterval: '10' },
    says: `${DECODING}: time: missing unit in duration "10"`,
  },
  {
    kind: 'FelixConfiguration',
    spec: { reportingInterval: '10d' },
    says: `${DECODING}: time: unknown unit "d" in duration "10d"`,
  },
];

for (const { kind, spec, rest, says } of REFUSED) {
  t.test(says, async (t) => {
    const text = stringify(object(kind, spec, rest));
    const cluster = new Cluster();
    for (const verb of ['create', 'apply', 'replace', 'delete', 'validate', 'get']) {
      t.same(await cluster.run(`${verb} -f -`, text), { code: 1, stdout: '', stderr: `${says}\n` }, verb);
    }
    const both = [{ ...pool('y', '10.9.0.0/16') }, object(kind, spec, rest)]
      .map((each) => stringify(each))
      .join('---\n');
    await cluster.run('create -f -', both);
    t.same((await cluster.store.list('IPPool')).items, [], 'nothing of the file is written');
  });
}

const TAKEN: readonly (readonly [kind: string, spec: object, decoded: object])[] = [
  ['IPPool', { CIDR: '10.0.0.0/16', NATOutgoing: true }, { cidr: '10.0.0.0/16', natOutgoing: true }],
  ['BGPPeer', { peerIP: 5, asNumber: '1.10' }, { peerIP: '5', asNumber: 65546 }],
  [
    'FelixConfiguration',
    { netlinkTimeout: '125s', reportingTTL: '9910s' },
    { netlinkTimeout: '2m5s', reportingTTL: '2h45m10s' },
  ],
  [
    'FelixConfiguration',
    { reportingTTL: '1.5h', netlinkTimeout: '0', iptablesLockProbeInterval: '0.5ms' },
    {
      reportingTTL: '1h30m0s',
      netlinkTimeout: '0s',
      iptablesLockProbeInterval: '500µs',
    },
  ],
  [
    'GlobalNetworkPolicy',
    {
      Ingress: [
        { action: 'Allow', Protocol: 'tcp', notProtocol: '017', destination: { ports: ['80', '1:1', 'http', '5:6'] } },
      ],
    },
    {
      ingress: [{ action: 'Allow', protocol: 'tcp', notProtocol: 17, destination: { ports: [80, 1, 'http', '5:6'] } }],
    },
  ],
  ['NetworkSet', { nets: null }, {}],
];

for (const [kind, spec, decoded] of TAKEN) {
  t.same(decode(kind, object(kind, spec) as Record<string, unknown>)['spec'], decoded, JSON.stringify(spec));
}

t.test('patch is as strict, but not about what was there before', async (t) => {
  const cluster = new Cluster();
  await cluster.put(pool('x', '10.0.0.0/16', { colour: 'red' }));
  const patch = (text: string) => cluster.run(['patch', 'pool', 'x', '-p', text]);
  t.match(await patch('{"spec":{"natOutgoingg":true}}'), { code: 1, stderr: /unknown field "natOutgoingg" in spec/ });
  t.match(await patch('{"http":{"exact":"path"}}'), { code: 1, stderr: /not recognized or .*: http/ });
  t.match(await patch('{"spec":{"natOutgoing":"yes"}}'), {
    code: 1,
    stderr: /^hit error: creating resource from patched data: error unmarshaling JSON: .* of type bool\n$/,
  });
  t.match(await patch('{"spec":{"natOutgoing":true}}'), {
    code: 0,
    stdout: "Successfully patched 1 'IPPool' resource\n",
  });
  t.match((await cluster.store.get({ kind: 'IPPool', name: 'x' }))?.spec, { natOutgoing: true, colour: 'red' });
});

t.test('what Go leaves out is not printed, what tells unset from zero is', async (t) => {
  const cluster = new Cluster();
  await cluster.put(
    pool('x', '10.0.0.0/16', { disabled: false, natOutgoing: false, allowedUses: [], nodeSelector: '' }),
  );
  t.notMatch((await cluster.run('get pool x -o yaml')).stdout, /disabled|natOutgoing|allowedUses|nodeSelector/);
  await cluster.put(object('BGPConfiguration', { nodeToNodeMeshEnabled: false }));
  await cluster.put(
    object('IPAMConfiguration', { strictAffinity: false, autoAllocateBlocks: true, maxBlocksPerHost: 0 }),
  );
  await cluster.put(
    object('FelixConfiguration', { failsafeInboundHostPorts: [], logPrefix: '', healthEnabled: false }),
  );
  const specs = async (kind: string): Promise<unknown> =>
    JSON.parse((await cluster.run(`get ${kind} default -o json`)).stdout).spec;
  t.same(await specs('bgpconfig'), { nodeToNodeMeshEnabled: false });
  t.same(await specs('ipamconfig'), { strictAffinity: false, autoAllocateBlocks: true });
  t.same(await specs('felixconfig'), { failsafeInboundHostPorts: [], healthEnabled: false });
});

t.test('templates see zero where nothing is set', async (t) => {
  const cluster = new Cluster();
  await cluster.put(object('Node', {}));
  await cluster.put(pool('x', '10.0.0.0/16'));
  await cluster.put(object('Tier', {}));
  const show = async (kind: string, template: string): Promise<string> =>
    (await cluster.run(['get', kind, 'x', '-o', `go-template={{range .}}${template}{{end}}`])).stdout;
  t.equal(await show('node', '{{.ObjectMeta.Labels}} {{.Spec.BGP}}'), 'map[] <nil>');
  t.equal(await show('pool', '{{.Spec.Disabled}} {{.Spec.NodeSelector}}.'), 'false .');
  t.equal(await show('tier', '{{.Spec.Order}}'), '<nil>');
});

t.test('every field that a kind knows is one that Go knows', (t) => {
  for (const kind of kindNames.filter((name) => definitionOf(name).aliases.length > 0)) {
    const unknown = paths(definitionOf(kind).spec).filter((path) => {
      try {
        decode(kind, { spec: nested(path) });
        return false;
      } catch (error) {
        return String(error).includes('unknown field');
      }
    });
    t.same(unknown, [], kind);
  }
  t.end();
});

/** What of a schema is looked at here; zod keeps it in `def`. */
interface Definition {
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
}

/** The paths of all fields of a schema; `[]` for a list's items. */
function paths(schema: z.ZodType): readonly (readonly string[])[] {
  const { shape, innerType, element, in: before, out } = schema.def as unknown as Definition;
  const inner = innerType ?? before ?? out;
  if (inner !== undefined) return [...paths(inner), ...(out !== undefined && out !== inner ? paths(out) : [])];
  if (element !== undefined) return paths(element).map((path) => ['[]', ...path]);
  return Object.entries(shape ?? {}).flatMap(([key, field]) => [[key], ...paths(field).map((path) => [key, ...path])]);
}

/** An object with null at the path. */
function nested([key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return null;
  return key === '[]' ? [nested(rest)] : { [key]: nested(rest) };
}
