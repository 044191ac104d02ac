import t from 'tap';
import { Calculation } from '../../src/calc/index.ts';
import { explainServices } from '../../src/daemon/explain-services.ts';
import { node, put } from '../calc/resources.ts';

t.test('vrouter status services: what is wanted of each address, and whether peers are told', async (t) => {
  for (const bgp of [true, false]) {
    const calculation = new Calculation({ nodename: 'a', bgp });
    const addresses = { clusterIPs: ['10.96.0.1'], externalIPs: ['203.0.113.7', '192.0.2.7'], loadBalancerIPs: [] };
    const ranges = { serviceClusterIPs: [{ cidr: '10.96.0.0/12' }], serviceExternalIPs: [{ cidr: '203.0.113.0/24' }] };
    calculation.apply([
      node('a', '192.0.2.1'),
      put('BGPConfiguration', 'default', ranges),
      put('KubernetesService', 's', { type: 'ClusterIP', ...addresses, ipFamilies: ['IPv4'] }, { namespace: 'web' }),
    ]);
    const sources = { advertised: () => calculation.advertised(), desired: () => calculation.desired() };
    t.match(explainServices(sources), [
      { text: 'web/s 10.96.0.1 (cluster) by 10.96.0.0/12', wanted: true, present: bgp },
      { text: 'web/s 203.0.113.7 (external) by 203.0.113.0/24', wanted: true, present: bgp },
      { text: 'web/s 192.0.2.7 (external)', wanted: false, present: false, why: /in no range of serviceExternalIPs/ },
    ]);
  }
});
