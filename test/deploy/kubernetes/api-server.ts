/**
 * The cluster's API server as a process: `api-server.ts HOST FOLDER TOKEN NODE …` listens on HOST with the certificate in
 * FOLDER, takes TOKEN and knows these nodes. It says its port; then each line that it is told is done and answered by a
 * line: `pod NODE NAME` makes a pod, `delete NAME` removes it, `token TOKEN` takes this
 * one from now on and no other.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ApiServer } from '../../fakes/api-server/index.ts';

const [host, folder, token, ...nodes] = process.argv.slice(2);
const [cert, key] = ['tls.crt', 'tls.key'].map((name) => readFileSync(join(folder, name), 'utf8'));
const server = await ApiServer.start({ host, token, tls: { cert, key } });
const core = (resource: string, name: string, namespace?: string, spec: object = {}): unknown =>
  server.objects.create({ resource, namespace }, { metadata: { name }, spec });
for (const node of nodes) core('nodes', node);
for (const namespace of ['default', 'kube-system']) core('namespaces', namespace);
console.log(new URL(server.url).port);

for await (const line of createInterface({ input: process.stdin })) {
  const [command, node, name] = line.split(' ');
  if (command === 'pod') core('pods', name, 'default', { nodeName: node });
  if (command === 'delete') server.objects.delete({ resource: 'pods', namespace: 'default' }, node, {});
  if (command === 'token') server.token = node;
  console.log('done');
}
process.exit();
