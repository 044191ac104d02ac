import t from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { MemoryStore } from '../../src/datastore/index.ts';
import { validate } from '../../src/model/index.ts';
import { Cluster, node, pool } from './harness.ts';

t.test('get nodes lists the names, padded, and leaves a line after the table', async (t) => {
  const cluster = new Cluster();
  for (const name of ['k8s-master', 'k8s-node1', 'k8s-node2']) await cluster.put(node(name));
  const { code, stdout, stderr } = await cluster.run('get nodes');
  t.equal(stdout, 'NAME         \nk8s-master   \nk8s-node1    \nk8s-node2    \n\n');
  t.equal(stderr, '');
  t.equal(code, 0);
});

t.test('get ipPool -o yaml is an IPPoolList with sorted keys, quoted versions and plain times', async (t) => {
  const cluster = new Cluster();
  for (let write = 1; write < 1799; write++) cluster.database.record('Node', 'deleted', '{}');
  const clock = new VirtualClock(Date.UTC(2019, 3, 28, 8, 53, 12));
  const store = new MemoryStore({ database: cluster.database, clock });
  const spec = { ipipMode: 'Always', natOutgoing: true, blockSize: 26, nodeSelector: 'all()' };
  const metadata = { uid: '0df17422-6993-11e9-bde3-005056918222' };
  await store.create(validate(pool('default-ipv4-ippool', '192.168.0.0/16', spec, metadata)));
  const { code, stdout } = await cluster.run('get ipPool -o yaml');
  t.equal(
    stdout,
    `apiVersion: projectcalico.org/v3
items:
- apiVersion: projectcalico.org/v3
  kind: IPPool
  metadata:
    creationTimestamp: 2019-04-28T08:53:12Z
    name: default-ipv4-ippool
    resourceVersion: "1799"
    uid: 0df17422-6993-11e9-bde3-005056918222
  spec:
    blockSize: 26
    cidr: 192.168.0.0/16
    ipipMode: Always
    natOutgoing: true
    nodeSelector: all()
kind: IPPoolList
metadata:
  resourceVersion: "1799"
`,
  );
  t.equal(code, 0);
});
