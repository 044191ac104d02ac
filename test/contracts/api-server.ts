import t, { type Test } from 'tap';

/** An API server with our definitions and a namespace `x`; what a test makes there is gone afterwards. */
export interface RawApi {
  ask(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<{ readonly status: number; readonly text: string }>;
  remove(): Promise<void>;
}

const GROUP = '/apis/crd.projectcalico.org/v1';
const POOLS = `${GROUP}/ippools`;
const MERGE = 'application/merge-patch+json';

interface Stored {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
    readonly [other: string]: unknown;
  };
  readonly [other: string]: unknown;
}

/** The habits of an API server that its clients must cope with: the tests' own has them because a real one does. */
export function apiServerContract(engine: string, make: () => Promise<RawApi>): void {
  const about = (what: string, run: (test: Test, api: Asking) => Promise<void>): void => {
    t.test(`${engine}: ${what}`, async (test) => {
      const api = await make();
      test.teardown(() => api.remove());
      await run(test, new Asking(api));
    });
  };

  about('where nothing is, a plain page says so; where an object is missing, a Status', async (test, { ask }) => {
    for (const path of ['/apis/none.example/v1/things', `${GROUP}/things`, `${GROUP}/things/one`]) {
      test.same(await ask('GET', path), { status: 404, text: '404 page not found\n' });
    }
    test.equal((await ask('POST', `${GROUP}/things`, pool('one'))).text, '404 page not found\n');
    const { status, text } = await ask('GET', `${POOLS}/none`);
    test.equal(status, 404);
    test.match(JSON.parse(text), { kind: 'Status', reason: 'NotFound', details: { name: 'none', kind: 'ippools' } });
  });

  about('an update that changes nothing makes no revision', async (test, { ask, made, stored }) => {
    const first = await made(POOLS, pool('one'));
    const same = stored(await ask('PUT', `${POOLS}/one`, first));
    test.equal(same.metadata.resourceVersion, first.metadata.resourceVersion);
    const patched = stored(await ask('PATCH', `${POOLS}/one`, { spec: { cidr: '10.0.0.0/16' } }, MERGE));
    test.equal(patched.metadata.resourceVersion, first.metadata.resourceVersion);
    const other = stored(await ask('PATCH', `${POOLS}/one`, { spec: { disabled: true } }, MERGE));
    test.not(other.metadata.resourceVersion, first.metadata.resourceVersion);
  });

  about(
    'an update names the revision that it replaces, the object and who it is',
    async (test, { ask, made, refused }) => {
      const first = await made(POOLS, pool('one'));
      const { metadata, ...rest } = first;
      const put = (own: object) =>
        ask('PUT', `${POOLS}/one`, { ...rest, spec: { cidr: '10.0.0.0/16' }, metadata: own });
      test.same(refused(await put({ name: 'one' })), [422, 'Invalid', ['metadata.resourceVersion']]);
      test.same(refused(await put({ ...metadata, resourceVersion: '1' })), [409, 'Conflict', []]);
      test.same(refused(await put({ ...metadata, uid: 'ffffffff-0000-4000-8000-000000000000' })), [
        409,
        'Conflict',
        [],
      ]);
      test.same(refused(await put({ ...metadata, name: 'two' })), [400, 'BadRequest', []]);
      const patch = (own: object) => ask('PATCH', `${POOLS}/one`, { metadata: own, spec: { disabled: true } }, MERGE);
      test.same(refused(await patch({ resourceVersion: '1' })), [409, 'Conflict', []]);
      const [status, reason, [field]] = refused(await patch({ uid: 'ffffffff-0000-4000-8000-000000000000' }));
      test.same([status, reason, field], [422, 'Invalid', 'metadata.uid'], 'judged as a change of the uid');
      const strategic = 'application/strategic-merge-patch+json';
      test.equal((await ask('PATCH', `${POOLS}/one`, {}, strategic)).status, 415, 'not for custom resources');
    },
  );

  about('names are lower-case, or made of a beginning', async (test, { ask, made, refused }) => {
    for (const name of ['One', 'a_b', '-a', 'a'.repeat(254)]) {
      test.same(refused(await ask('POST', POOLS, pool(name))), [422, 'Invalid', ['metadata.name']], name);
    }
    const rest = { ...pool('one'), metadata: {} };
    const [status, reason] = refused(await ask('POST', POOLS, rest));
    test.same([status, reason], [422, 'Invalid']);
    const { metadata } = await made(POOLS, { ...rest, metadata: { generateName: 'p-' } });
    test.match(metadata.name, /^p-[a-z0-9]{5}$/);
    await made(POOLS, pool('a.b-c'));
    test.same(refused(await ask('POST', POOLS, pool('a.b-c'))), [409, 'AlreadyExists', []]);
  });

  about('an object with finalizers stays until the last of them is gone', async (test, { ask, made, stored }) => {
    await made(POOLS, { ...pool('one'), metadata: { name: 'one', finalizers: ['example.com/a'] } });
    test.equal((await ask('DELETE', `${POOLS}/one`)).status, 200);
    const going = stored(await ask('GET', `${POOLS}/one`));
    test.match(going.metadata.deletionTimestamp, /^\d{4}-/);
    test.equal((await ask('DELETE', `${POOLS}/one`)).status, 200, 'again changes nothing');
    const again = stored(await ask('GET', `${POOLS}/one`));
    test.equal(again.metadata.deletionTimestamp, going.metadata.deletionTimestamp);
    const { metadata, ...rest } = again;
    test.equal((await ask('PUT', `${POOLS}/one`, { ...rest, metadata: { ...metadata, finalizers: [] } })).status, 200);
    test.equal((await ask('GET', `${POOLS}/one`)).status, 404);
  });

  about('a deletion keeps to its conditions', async (test, { ask, made, refused }) => {
    const { metadata } = await made(POOLS, pool('one'));
    const remove = (preconditions: object) =>
      ask('DELETE', `${POOLS}/one`, { apiVersion: 'v1', kind: 'DeleteOptions', preconditions });
    test.same(refused(await remove({ resourceVersion: '1' })), [409, 'Conflict', []]);
    test.same(refused(await remove({ uid: 'ffffffff-0000-4000-8000-000000000000' })), [409, 'Conflict', []]);
    test.equal((await remove({ uid: metadata['uid'], resourceVersion: metadata.resourceVersion })).status, 200);
    test.same(refused(await remove({})), [404, 'NotFound', []]);
  });

  about('a listing of custom resources says of each what it is; pages know how much is left', async (test, api) => {
    for (const name of ['a', 'b', 'c']) await api.made(POOLS, pool(name));
    const list = async (query: string) =>
      JSON.parse((await api.ask('GET', `${POOLS}?${query}`)).text) as {
        readonly kind: string;
        readonly metadata: { readonly continue?: string; readonly remainingItemCount?: number };
        readonly items: readonly Stored[];
      };
    const first = await list('limit=2');
    test.match(first, { kind: 'IPPoolList', metadata: { remainingItemCount: 1 }, items: [{ kind: 'IPPool' }, {}] });
    const rest = await list(`limit=2&continue=${encodeURIComponent(first.metadata.continue ?? '')}`);
    test.same(
      rest.items.map(({ metadata }) => metadata.name),
      ['c'],
    );
    test.notOk(rest.metadata.continue);
    const named = await list('fieldSelector=metadata.name%3Db');
    test.same(
      named.items.map(({ metadata }) => metadata.name),
      ['b'],
    );
  });

  about('a watch tells what comes after its revision, and ends when its time is over', async (test, api) => {
    const { metadata } = await api.made(POOLS, pool('one'));
    await api.ask('PATCH', `${POOLS}/one`, { spec: { disabled: true } }, MERGE);
    await api.ask('DELETE', `${POOLS}/one`);
    const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=3&resourceVersion=${metadata.resourceVersion}`;
    const { text } = await api.ask('GET', `${POOLS}?${query}`);
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string; readonly object: Stored });
    // It gives no promise of bookmarks.
    const told = events.filter(({ type }) => type !== 'BOOKMARK');
    test.match(told, [
      { type: 'MODIFIED', object: { kind: 'IPPool', spec: { disabled: true } } },
      { type: 'DELETED', object: { kind: 'IPPool', metadata: { name: 'one' } } },
    ]);
    for (const { object } of events) test.match(object, { kind: 'IPPool', metadata: { resourceVersion: /^\d+$/ } });
    test.equal(told.length, 2);
    test.not(told[1]?.object.metadata.resourceVersion, told[0]?.object.metadata.resourceVersion);
  });
}

/** Requests to one server, and readings of its answers. */
class Asking {
  readonly ask: RawApi['ask'];

  constructor(api: RawApi) {
    this.ask = (...request) => api.ask(...request);
  }

  readonly stored = ({ status, text }: { readonly status: number; readonly text: string }): Stored => {
    if (status >= 300) throw new Error(text);
    return JSON.parse(text) as Stored;
  };

  readonly made = async (path: string, body: object): Promise<Stored> =>
    this.stored(await this.ask('POST', path, body));

  /** The code, the reason and the fields that are named. */
  readonly refused = ({ text }: { readonly text: string }) => {
    const { code, reason, details } = JSON.parse(text) as {
      readonly code: number;
      readonly reason: string;
      readonly details?: { readonly causes?: readonly { readonly field: string }[] };
    };
    return [code, reason, (details?.causes ?? []).map(({ field }) => field)] as const;
  };
}

function pool(name: string): object {
  return {
    apiVersion: 'crd.projectcalico.org/v1',
    kind: 'IPPool',
    metadata: { name },
    spec: { cidr: '10.0.0.0/16' },
  };
}
