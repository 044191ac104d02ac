/**
 * An API server with COUNT Local Services, each with an endpoint on n1; for bench/services.ts. Lines: `configure`, `end I`, `back I`.
 * Each is answered with the time at which watches were told, in milliseconds since 1970.
 */
import { createInterface } from 'node:readline';
import { ApiServer } from '../test/fakes/api-server/index.ts';
import { serviceAddress } from './service-address.ts';

const [host, count, peer] = process.argv.slice(2);
const server = await ApiServer.start({ host });
server.unknown.clear();
const place = (resource: string, namespace?: string) => ({ resource, namespace });
const custom = (kind: string, name: string, spec: object): unknown =>
  server.objects.create(place(`${kind.toLowerCase()}s.crd.projectcalico.org`), {
    ...{ apiVersion: 'crd.projectcalico.org/v1', kind, metadata: { name }, spec },
  });
const endpoint = (ready: boolean): object => ({
  endpoints: [{ addresses: ['10.244.0.9'], nodeName: 'n1', conditions: { ready } }],
});
const slices = place('endpointslices.discovery.k8s.io', 'default');
server.objects.create(place('nodes'), { metadata: { name: 'n1' } });
server.objects.create(place('namespaces'), { metadata: { name: 'default' } });
custom('IPPool', 'pods', { cidr: '10.244.0.0/16' });
custom('BGPPeer', 'tor', { peerIP: peer, asNumber: 65001 });
for (let at = 0; at < Number(count); at++) {
  const spec = {
    type: 'NodePort',
    clusterIP: serviceAddress(at),
    ipFamilies: ['IPv4'],
    externalTrafficPolicy: 'Local',
  };
  server.objects.create(place('services', 'default'), { metadata: { name: `s${at}` }, spec });
  server.objects.create(slices, {
    metadata: { name: `s${at}-1`, labels: { 'kubernetes.io/service-name': `s${at}` } },
    ...{ addressType: 'IPv4', ports: [], ...endpoint(true) },
  });
}
console.log(server.url);

for await (const line of createInterface({ input: process.stdin })) {
  const [order, subject] = line.split(' ');
  const at = performance.timeOrigin + performance.now();
  if (order === 'configure') {
    const spec = { serviceClusterIPs: [{ cidr: '10.96.0.0/12' }] };
    server.objects.patch(place('bgpconfigurations.crd.projectcalico.org'), 'default', { spec });
  }
  if (order !== 'configure') server.objects.patch(slices, `s${subject}-1`, { ...endpoint(order === 'back') });
  console.log(at);
}
