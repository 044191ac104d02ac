import fc from 'fast-check';
import t from 'tap';
import { same } from '../../src/base/index.ts';
import { withFieldNames } from '../../src/model/field-names.ts';
import { definitionOf, type KindName, newResource, read } from '../../src/model/index.ts';
import { settled } from '../../src/model/settle.ts';

/** Specs as IPAM and the CNI plugin write them, here and in Calico, and what may stand in them instead. */
const written: Readonly<Partial<Record<KindName, readonly Readonly<Record<string, unknown>>[]>>> = {
  IPAMBlock: [
    {
      cidr: '10.0.0.0/26',
      affinity: 'host:node-1.example',
      affinityClaimTime: '2026-01-02T03:04:05Z',
      allocations: [0, null, 1],
      unallocated: [1],
      attributes: [
        { handle_id: 'k8s-pod-network.a', secondary: { node: 'node-1.example', pod: 'web', namespace: 'default' } },
        { handle_id: 'b', alternateOwnerAttrs: { node: 'c' }, releasedAt: '2026-01-02T03:04:05Z' },
      ],
      sequenceNumber: 1_700_000_000_000_000_000n,
      sequenceNumberForAllocation: { 0: 1_700_000_000_000_000_000n },
      deleted: false,
      strictAffinity: false,
    },
    { cidr: 'fd00::/122', allocations: [null], unallocated: [0], attributes: [] },
  ],
  WorkloadEndpoint: [
    {
      orchestrator: 'k8s',
      workload: 'default.web',
      node: 'node-1.example',
      containerID: '0a1B',
      pod: 'web-0',
      endpoint: 'eth0',
      serviceAccountName: 'default',
      ipNetworks: ['10.0.0.1/32', 'fd00::1/128'],
      profiles: ['kns.default', 'ksa.default.default'],
      interfaceName: 'cali0123456789a',
      mac: '66:0a:1b:2c:3d:4e',
    },
    {},
  ],
};

const NUMBERS = [-1, 0, 1.5, 2 ** 53, -1n, 7n, 1n << 64n];
const TEXTS = ['', 'Upper', 'a..b', '10.0.0.1', '10.0.0.9/24', 'host:', '66:0A:1B:2C:3D:4E', 'a'.repeat(20), '*'];
const OTHERS = [null, undefined, true, [], {}, [null], [''], ['x'], { a: 1 }, { 0: 1 }, [{ secondary: { a: 1 } }]];
const anything = fc.constantFrom(...NUMBERS, ...TEXTS, ...OTHERS);
const NAMES = ['CIDR', 'Node', 'qosControls', 'ipNATs', '0', '1', 'secondary', 'handle_id', 'releasedAt', 'more'];

for (const [kind, specs] of Object.entries(written) as [KindName, readonly Readonly<Record<string, unknown>>[]][]) {
  const { plain = () => false, spec: schema, essential } = definitionOf(kind);
  // What programs write is read as it stands.
  const isWhole = essential === 'all';

  t.test(`${kind}: what is written is seen to be right at a glance`, async (t) => {
    for (const spec of specs) {
      t.ok(plain(spec), JSON.stringify(Object.keys(spec)));
      const object = newResource(kind, { name: 'x' }, spec as never);
      t.same(read(kind, object), { resource: object, problem: undefined });
    }
  });

  t.test(`${kind}: nothing is right at a glance that its schema refuses, or would change`, async () => {
    const places = specs.flatMap((spec) => [...Object.keys(spec), ...NAMES]);
    const change = fc.record({
      name: fc.constantFrom(...places),
      inside: fc.option(fc.constantFrom('0', '1', ...places), { nil: undefined }),
      value: anything,
    });
    fc.assert(
      fc.property(fc.constantFrom(...specs), fc.array(change, { minLength: 1, maxLength: 2 }), (spec, changes) => {
        const other: Record<string, unknown> = { ...spec };
        for (const { name, inside, value } of changes) {
          const part = other[name];
          if (inside === undefined || typeof part !== 'object' || part === null) other[name] = value;
          else other[name] = Array.isArray(part) ? [...part, value] : { ...part, [inside]: value };
        }
        if (!plain(other)) return true;
        const { data, success } = schema.safeParse(isWhole ? other : withFieldNames(schema, other));
        return success && same(isWhole ? data : settled(schema, data), other);
      }),
      { numRuns: 3000 },
    );
  });
}
