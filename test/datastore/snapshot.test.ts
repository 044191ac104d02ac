import * as fc from 'fast-check';
import t from 'tap';
import { readSnapshot, SnapshotWriter } from '../../src/datastore/index.ts';
import { type KindName, newResource, type ResourceOf } from '../../src/model/index.ts';

const HEADING = { nodename: 'n1', datastore: 'etcdv3', takenAt: 1_700_000_000_000 };
const OBJECTS = [
  newResource('IPPool', { name: 'p', resourceVersion: '7' }, { cidr: '10.0.0.0/16', blockSize: 26 }),
  newResource('Node', { name: 'n1', labels: { rack: 'ü' } }, { bgp: { ipv4Address: '172.16.0.1/24' } }),
] as unknown as readonly ResourceOf<KindName>[];

function written(objects: readonly ResourceOf<KindName>[] = OBJECTS, heading: object = {}): string {
  const writer = new SnapshotWriter();
  return [writer.heading({ ...HEADING, ...heading }), ...objects.map((one) => writer.object(one)), writer.end()].join(
    '',
  );
}

t.test('what is written is read, without revisions', async (t) => {
  const { resources, takenAt } = readSnapshot(written(), HEADING);
  t.equal(takenAt, HEADING.takenAt);
  t.match(resources, [
    { kind: 'IPPool', spec: { cidr: '10.0.0.0/16' } },
    { kind: 'Node', metadata: { name: 'n1' } },
  ]);
  t.equal(resources[0].metadata.resourceVersion, undefined);
  t.same(readSnapshot(written([]), HEADING).resources, []);
});

t.test('what is not ours, not whole or not of this version is refused, and says so', async (t) => {
  const refused = (text: string, message: RegExp): void => {
    t.throws(() => readSnapshot(text, HEADING), { code: 'SNAPSHOT', message });
  };
  refused('', /cut off/);
  refused(written().slice(0, -1), /cut off/);
  refused(written().split('\n').slice(0, -2).join('\n'), /cut off/);
  refused(written().replace('10.0.0.0', '10.9.0.0'), /damaged/);
  refused(written(OBJECTS, { nodename: 'n2' }), /node n2/);
  refused(written(OBJECTS, { datastore: 'kubernetes' }), /datastore kubernetes/);
  refused(written(OBJECTS, { version: 2 }), /version is vrouter-snapshot 2/);
});

t.test('an object that breaks the rules of its kind is left out, as everywhere', async (t) => {
  const wrong = { ...OBJECTS[0], spec: { cidr: 'nonsense' } } as unknown as ResourceOf<KindName>;
  const unknown = { ...OBJECTS[0], kind: 'Spaceship' } as unknown as ResourceOf<KindName>;
  t.same(
    readSnapshot(written([wrong, unknown, OBJECTS[1]]), HEADING).resources.map(({ kind }) => kind),
    ['Node'],
  );
});

t.test('no change of a single octet goes unnoticed, and nothing throws but a refusal', async (t) => {
  const bytes = Buffer.from(written());
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(change, ([at, by]) => {
      const damaged = Buffer.from(bytes);
      damaged[at] ^= by;
      try {
        readSnapshot(damaged.toString(), HEADING);
        return false;
      } catch (error) {
        return (error as { code?: string }).code === 'SNAPSHOT';
      }
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        readSnapshot(text, HEADING);
        return false;
      } catch (error) {
        return (error as { code?: string }).code === 'SNAPSHOT';
      }
    }),
  );
  t.pass();
});
