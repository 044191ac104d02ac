import t from 'tap';
import { runCalicoctl } from '../../src/cli/index.ts';
import { wrapped } from '../../src/datastore/wrapped.ts';
import type { TrackedConnection } from '../../src/netlink/index.ts';
import { loneDaemon, oneHost } from './lone-daemon.ts';

t.setTimeout(120_000);

const POLICY = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'NetworkPolicy',
  metadata: { name: 'shut', namespace: 'red' },
  spec: {
    selector: 'all()',
    ingress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: [81] } }],
  },
};

t.test('a dry run names the live connections of the node whose verdict would change', async (t) => {
  const machine = oneHost();
  const { add, socket, store } = await loneDaemon(t, { machine });
  const args = (name: string) => ({ K8S_POD_NAMESPACE: 'red', K8S_POD_NAME: name });
  const [web, db] = [await add('one', args('web')), await add('two', args('db'))].map((one) => one.split('/')[0]);
  const flow = (port: number): TrackedConnection => ({
    ...{ family: 4, protocol: 6, id: port, zone: 0 },
    original: { source: web, destination: db, sourcePort: 40_000, destinationPort: port },
    reply: { source: db, destination: web, sourcePort: port, destinationPort: 40_000 },
  });
  machine.namespace('/host').connections = [flow(80), flow(81)];
  let [stdout, stderr] = ['', ''];
  const run = (line: string) =>
    runCalicoctl(line.split(' '), {
      stdin: async () => JSON.stringify(POLICY),
      env: { DATASTORE_TYPE: 'memory', VROUTER_SOCKET: socket },
      openStore: async () => wrapped(store, { close: async () => {} }),
      stdout: (text) => {
        stdout += text;
      },
      stderr: (text) => {
        stderr += text;
      },
    });
  t.equal(await run('apply --allow-version-mismatch --dry-run=server -f -'), 0, stderr);
  t.match(stdout, /red\/web .* red\/db .* tcp\/80 +allowed \(ingress: .*\) +denied \(ingress: end of tier default/);
  t.match(stdout, /The verdict of 1 of 2 live connections of this node's pods would change\n$/);
  t.equal(await store.get({ kind: 'NetworkPolicy', name: 'shut', namespace: 'red' }), undefined);
  t.same((await store.list('NetworkPolicy')).items, []);

  stdout = '';
  t.equal(await run('apply --allow-version-mismatch -f -'), 0, stderr);
  t.equal(await run('delete --allow-version-mismatch --dry-run=server networkpolicy shut -n red'), 0, stderr);
  t.match(stdout, /tcp\/80 +denied \(ingress: end of tier default.*\) +allowed/);
});
