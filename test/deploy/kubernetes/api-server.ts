/**
 * The cluster's API server as a process: `api-server.ts HOST FOLDER TOKEN NODE …` listens on HOST with the certificate in
 * FOLDER, takes TOKEN and knows these nodes. It says its port; then each line that it is told is done and answered by a
 * line: `pod NODE NAME` makes a pod, `delete NAME` removes it, `token TOKEN` takes this
 * one from now on and no other; `create RESOURCE NAMESPACE OBJECT`, `patch RESOURCE NAMESPACE NAME PATCH` and `list RESOURCE` are for
 * any object, in JSON; `log NAMESPACE/POD TEXT` is what its container has said. Services get addresses as they come.
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
let services = 100;
server.objects.onChange(() =>
  queueMicrotask(() => {
    for (const { metadata, spec } of server.objects.list({ resource: 'services', namespace: undefined })) {
      if ((spec as { clusterIP?: string }).clusterIP !== undefined) continue;
      const place = { resource: 'services', namespace: metadata.namespace };
      server.objects.patch(place, metadata.name, { spec: { clusterIP: `10.96.0.${services++}` } });
    }
  }),
);
console.log(new URL(server.url).port);

function done(line: string): unknown {
  const [command, first, second, third] = line.split(' ');
  const rest = (words: number): never => JSON.parse(line.split(' ').slice(words).join(' ')) as never;
  switch (command) {
    case 'pod':
      return core('pods', second, 'default', { nodeName: first });
    case 'delete':
      return server.objects.delete({ resource: 'pods', namespace: 'default' }, first, {});
    case 'token':
      server.token = first;
      return first;
    case 'create':
      return server.objects.create({ resource: first, namespace: second }, rest(3));
    case 'patch':
      return server.objects.patch({ resource: first, namespace: second }, third, rest(4));
    case 'list':
      return server.objects.list({ resource: first, namespace: undefined });
    case 'log':
      server.logs.set(first, rest(2));
      return first;
    default:
      throw new Error(`no command '${command}'`);
  }
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(done(line)));
process.exit();
