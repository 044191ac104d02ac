import t from 'tap';
import { silentLog } from '../../src/base/index.ts';
import { checkedStore, DatastoreLock, MemoryStore, type Store, tellingStore } from '../../src/datastore/index.ts';

const NOTHING = async (): Promise<never> => t.fail('nobody asked for that') as never;

/** What only some engines have. */
const OWN: Required<Pick<Store, 'history' | 'conditions' | 'remarks' | 'admission'>> = {
  history: { head: NOTHING, forget: NOTHING },
  conditions: { setNetworkUnavailable: NOTHING },
  remarks: { remark: NOTHING },
  admission: { put: NOTHING, delete: NOTHING },
};

t.test('a store in another one has all that it has itself', async (t) => {
  const store: Store = Object.assign(new MemoryStore(), OWN);
  const lock = new DatastoreLock(silentLog);
  const telling = tellingStore(store, [], () => t.fail('nothing is written') as never);
  for (const around of [checkedStore(store), lock.guarded(store), telling]) {
    for (const member of Object.keys(OWN) as (keyof typeof OWN)[]) t.equal(around[member], OWN[member], member);
  }
});
