import t from 'tap';
import type { DaemonConfig } from '../../src/daemon/config.ts';
import { routerIds } from '../../src/daemon/router-id.ts';

t.test('a router id made of the node’s name is the one that Calico makes of it', async (t) => {
  const of = (NODENAME: string, CALICO_ROUTER_ID?: string) => routerIds({ NODENAME, CALICO_ROUTER_ID } as DaemonConfig);
  t.same(of('nodeTest', 'hash'), { routerId: '109.174.215.226', spareRouterId: '109.174.215.226' });
  t.equal(of('Testrobin123', 'hash').routerId, '207.94.5.27', 'a first octet above 223 is lowered by 32');
  t.equal(of('nodeTest').routerId, undefined);
  t.equal(of('nodeTest', '10.0.0.1').routerId, '10.0.0.1');
});
