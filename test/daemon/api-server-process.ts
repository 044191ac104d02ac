/**
 * The tests' API server as a process, for daemons in network namespaces: `api-server-process.ts HOST NODE …` listens on
 * HOST and knows these nodes. It says its URL; then each line that it is told is done and answered by a line: `block NODE
 * CIDR` claims a block, `pod NODE NAME` makes a pod, `podips NAME IP` writes its status as kubelet does after a sandbox was
 * made, `again NODE NAME` deletes a pod and makes it again with the status of the former one, as kubelet does with a
 * StatefulSet's, `register NODE` deletes a Node and makes it again, as kubelet does: without annotations; `annotations NAME` answers with those of a pod
 * or Node, `unannotate NODE NAME` takes one away, `annotate POD NAME [VALUE]` gives it an annotation or takes it away,
 * `put RESOURCE NAMESPACE JSON` makes an object or gives it what the JSON says (namespace `-` for none), `remove RESOURCE NAMESPACE
 * NAME` deletes one, `pool NAME [CIDR]` makes a pool or takes it away, `events` answers with a JSON array of what events say,
 * `refuse` answers nothing but 503 from now on and cuts all connections, `serve` ends that, `requests` answers with a JSON
 * array of all requests so far.
 */
import { createInterface } from 'node:readline';
import { parsePrefix } from '../../src/base/index.ts';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import { Ipam } from '../../src/ipam/index.ts';
import { newResource } from '../../src/model/index.ts';
import { ApiServer } from '../fakes/api-server/index.ts';

/** The first word of a line. */
export type Order =
  | 'block'
  | 'pod'
  | 'podips'
  | 'again'
  | 'register'
  | 'annotations'
  | 'unannotate'
  | 'annotate'
  | 'pool'
  | 'put'
  | 'remove'
  | 'events'
  | 'handles'
  | 'refuse'
  | 'serve'
  | 'requests';

type Stored = { readonly metadata: { readonly name: string } } & Readonly<Record<string, unknown>>;

const PODS = { resource: 'pods', namespace: 'default' } as const;
const NODES = { resource: 'nodes', namespace: undefined } as const;
const [host, ...nodes] = process.argv.slice(2);
const server = await ApiServer.start({ host });
// The cluster knows administrators' policies.
server.unknown.clear();
const core = (resource: string, name: string, namespace?: string, spec: object = {}): unknown =>
  server.objects.create({ resource, namespace }, { metadata: { name }, spec });
for (const node of nodes) core('nodes', node);
core('namespaces', 'default');
function put(place: { readonly resource: string; readonly namespace: string | undefined }, object: Stored): void {
  const isThere = server.objects.list(place).some(({ metadata }) => metadata.name === object.metadata.name);
  if (isThere) server.objects.patch(place, object.metadata.name, object);
  else server.objects.create(place, object);
}
const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
const pool = { cidr: '10.244.0.0/16', natOutgoing: false };
await store.create(newResource('IPPool', { name: 'default-ipv4-ippool' }, pool));
const own = server.requests.length;
console.log(server.url);

for await (const line of createInterface({ input: process.stdin })) {
  const [command, node, subject, value] = line.split(' ');
  let answer = 'done';
  if (command === 'block') await new Ipam({ store }).claimAffinity(parsePrefix(subject), node);
  if (command === 'pod') core('pods', subject, 'default', { nodeName: node });
  if (command === 'podips') {
    const status = { phase: 'Running', podIP: subject, podIPs: [{ ip: subject }], startTime: new Date().toISOString() };
    server.objects.patch(PODS, node, { status });
  }
  if (command === 'again') {
    const { status } = server.objects.delete(PODS, subject, {});
    server.objects.create(PODS, { metadata: { name: subject }, spec: { nodeName: node }, status });
  }
  if (command === 'register') {
    server.objects.delete(NODES, node, {});
    core('nodes', node);
  }
  if (command === 'annotations') {
    const places = nodes.includes(node) ? NODES : PODS;
    answer = JSON.stringify(server.objects.get(places, node).metadata['annotations'] ?? {});
  }
  if (command === 'unannotate') server.objects.patch(NODES, node, { metadata: { annotations: { [subject]: null } } });
  if (command === 'annotate') {
    const metadata = { annotations: { [subject]: value ?? null } };
    server.objects.patch(PODS, node, { metadata });
  }
  if (command === 'put' || command === 'remove') {
    const place = { resource: node, namespace: subject === '-' ? undefined : subject };
    if (command === 'remove') server.objects.delete(place, value, {});
    else put(place, JSON.parse(value));
  }
  if (command === 'pool') {
    const pools = { resource: 'ippools.crd.projectcalico.org', namespace: undefined };
    const kind = { apiVersion: 'crd.projectcalico.org/v1', kind: 'IPPool' };
    if (subject === undefined) server.objects.delete(pools, node, {});
    else server.objects.create(pools, { ...kind, metadata: { name: node }, spec: { cidr: subject } });
  }
  if (command === 'events') {
    const events = server.objects.list({ resource: 'events', namespace: undefined });
    answer = JSON.stringify(events.map(({ message }) => message));
  }
  if (command === 'handles') {
    const handles = server.objects.list({ resource: 'ipamhandles.crd.projectcalico.org', namespace: undefined });
    answer = JSON.stringify(handles.map(({ metadata }) => metadata.name));
  }
  if (command === 'refuse') {
    server.refuseWith = 503;
    server.cut();
  }
  if (command === 'serve') server.refuseWith = undefined;
  if (command === 'requests') answer = JSON.stringify(server.requests.slice(own));
  console.log(answer);
}
process.exit();
