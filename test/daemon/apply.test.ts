import t from 'tap';
import { type Log, silentLog, systemClock } from '../../src/base/index.ts';
import { until } from '../../src/lab/until.ts';
import { loneDaemon, oneHost } from './lone-daemon.ts';

/** Something of ours that fails while it is told to, in the middle of an application of the desired state. */
class FailingLog {
  failing = false;

  readonly log: Log = {
    ...silentLog,
    child: (fields) => {
      if (this.failing && 'component' in fields && fields.component === 'bgp') throw new Error('a bug');
      return this.log;
    },
  };
}

t.test('what could not be applied keeps pods away until the next attempt, which needs no change', async (t) => {
  const failing = new FailingLog();
  const { daemon, store, add } = await loneDaemon(t, { log: failing.log });
  await add('before');
  const setAsn = async (asNumber: number): Promise<void> => {
    const found = await store.get({ kind: 'BGPConfiguration', name: 'default' });
    await store.update<'BGPConfiguration'>({ ...found!, spec: { ...found!.spec, asNumber } });
  };
  failing.failing = true;
  await setAsn(64513);
  const problem = 'the desired state could not be applied: a bug';
  const isTold = (): boolean => daemon.status().problems.includes(problem);
  await until(systemClock, 'the problem to be told', async () => isTold());
  t.match(daemon.status(), { ready: false, serving: false });
  await t.rejects(add('meanwhile'), { code: 'NOT_READY', cniCode: 11 });

  failing.failing = false;
  await until(systemClock, 'the problem to be gone', async () => !isTold());
  t.equal(daemon.status().serving, true);
  await t.resolves(add('after'));
});

t.test('a kernel that can not be watched yet is asked again', async (t) => {
  const machine = oneHost();
  machine.failOnce({ verb: 'monitor', code: 'ENOBUFS' });
  const { daemon, add } = await loneDaemon(t, { machine });
  t.ok(machine.allFailed);
  t.equal(daemon.status().serving, true);
  await t.resolves(add('one'));
});
