import t from 'tap';
import { UpdateConflict } from '../../src/datastore/index.ts';
import { replacedBy } from '../../src/datastore/object.ts';
import { formatJson, newResource } from '../../src/model/index.ts';

const uid = '0b5ab5a2-0000-4000-8000-000000000001';
const creationTimestamp = '2026-01-02T03:04:05Z';
const stored = newResource('IPPool', { name: 'p', uid, creationTimestamp }, { cidr: '10.0.0.0/16' });
const text = formatJson(stored);

/** A writer's object, made from what it read. */
function written(metadata: object) {
  return {
    ...stored,
    metadata: { ...stored.metadata, resourceVersion: '7', ...metadata },
    spec: { cidr: '10.1.0.0/16' },
  };
}

t.test('a writer that brings what it read costs no parsing', async (t) => {
  const next = written({});
  t.equal(replacedBy(next, text, '7'), next);
});

t.test('another revision is a conflict before anything is parsed', async (t) => {
  t.throws(() => replacedBy(written({ resourceVersion: '6' }), 'no JSON at all', '7'), UpdateConflict);
});

/** Writers that don't bring everything, or something else: what is stored counts. */
const OTHERS: Readonly<Record<string, object>> = {
  'no revision': { resourceVersion: undefined },
  'an empty revision': { resourceVersion: '' },
  'no uid': { uid: undefined },
  'another uid': { uid: '0b5ab5a2-0000-4000-8000-000000000002' },
  'the beginning of the uid': { uid: uid.slice(0, -1) },
  'another time of creation': { creationTimestamp: '2026-01-02T03:04:06Z' },
};

for (const [what, metadata] of Object.entries(OTHERS)) {
  t.test(`from a writer with ${what} only the spec is taken`, async (t) => {
    const was = replacedBy(written(metadata), text, '7');
    t.match(was, { metadata: { uid, creationTimestamp, resourceVersion: '7' }, spec: { cidr: '10.0.0.0/16' } });
  });
}
