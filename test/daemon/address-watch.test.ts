import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { AddressWatch } from '../../src/daemon/address-watch.ts';

t.test('a swarm of changes is one look, a failed one is told and taken again', async (t) => {
  const clock = new VirtualClock();
  let looks = 0;
  let failure: Error | undefined;
  const look = async (): Promise<void> => {
    looks++;
    if (failure !== undefined) throw failure;
  };
  const watch = new AddressWatch(look, { clock, log: silentLog });
  for (let change = 0; change < 5; change++) watch.topologyChanged();
  await clock.advanceAsync(1000);
  t.equal(looks, 1);
  failure = new Error('no interface has one');
  watch.topologyChanged();
  await clock.advanceAsync(1000);
  t.same(watch.problems(), ["the node's address: no interface has one"]);
  failure = undefined;
  await clock.advanceAsync(2000);
  t.equal(looks, 3);
  t.same(watch.problems(), []);
  watch.topologyChanged();
  watch.stop();
  await clock.advanceAsync(5000);
  t.equal(looks, 3);
});
