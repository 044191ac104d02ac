import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { stringify } from 'yaml';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { ApiServer } from '../../fakes/api-server/index.ts';

const run = promisify(execFile);
const installed = await run('kubectl', ['version', '--client']).then(
  () => true,
  () => false,
);

interface Answer {
  readonly code: number;
  readonly text: string;
}

type Kubectl = (verb: string, ...words: readonly string[]) => Promise<Answer>;

/** kubectl on an API server of the test's own; it is as a user's, so both streams count. */
async function cluster(test: Test) {
  const server = await ApiServer.start();
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  const folder = mkdtempSync(join(tmpdir(), 'vrt-kubectl-'));
  test.teardown(async () => {
    await store.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, KUBECONFIG: '/dev/null' };
  const kubectl: Kubectl = async (verb, ...words) => {
    try {
      const { stdout, stderr } = await run('kubectl', [verb, '-s', server.url, ...words], { env });
      return { code: 0, text: stdout + stderr };
    } catch (error) {
      const { code = 1, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
      return { code, text: stdout + stderr };
    }
  };
  const apply = (kind: string, name: string, spec: object): Promise<Answer> => {
    const file = join(folder, `${kind}-${name}.yaml`);
    const apiVersion = 'crd.projectcalico.org/v1';
    writeFileSync(file, stringify({ apiVersion, kind, metadata: { name }, spec }));
    return kubectl('apply', '--validate=false', '-f', file);
  };
  return { store, kubectl, apply };
}

t.test('kubectl applies, shows, changes and deletes our kinds', { skip: !installed && 'no kubectl' }, async (test) => {
  const { store, kubectl, apply } = await cluster(test);
  test.match(await apply('IPPool', 'p', { cidr: '10.0.0.0/16', vxlanMode: 'Always' }), { code: 0, text: /p created/ });
  const pool = await store.get({ kind: 'IPPool', name: 'p' });
  test.match(pool?.spec, { cidr: '10.0.0.0/16', vxlanMode: 'Always', ipipMode: 'Never' }, 'with its defaults');
  const table = await kubectl('get', 'ipp');
  test.match(
    table.text
      .split('\n')[0]
      .split(/ {2,}/)
      .map((word) => word.trim()),
    [...['NAME', 'CIDR', 'IPIP', 'VXLAN', 'NAT', 'SELECTOR', 'AGE']],
  );
  test.match(table.text, /^p +10\.0\.0\.0\/16 +Never +Always/m);
  test.match(await apply('IPPool', 'p', { cidr: '10.0.0.0/16', natOutgoing: true }), { text: /p configured/ });
  const applied = await store.get({ kind: 'IPPool', name: 'p' });
  test.match(applied?.spec, { natOutgoing: true, vxlanMode: 'Never' }, 'what it no longer names is as by default');
  const patch = ['ippools', 'p', '--type=merge', '-p', '{"spec":{"disabled":true}}'];
  test.match(await kubectl('patch', ...patch), { code: 0, text: /p patched/ });
  test.equal((await store.get({ kind: 'IPPool', name: 'p' }))?.spec.disabled, true);
  test.match(await kubectl('delete', 'pool', 'p'), { code: 0, text: /"p" deleted/ });
  test.equal(await store.get({ kind: 'IPPool', name: 'p' }), undefined);
});

t.test('kubectl is told what is wrong', { skip: !installed && 'no kubectl' }, async (test) => {
  const { kubectl, apply } = await cluster(test);
  const refused = (text: RegExp) => ({ code: 1, text });
  test.match(await apply('IPPool', 'p', { cidr: '10.0.0.0/33' }), refused(/spec\.cidr: Invalid value.*cidr/));
  test.match(
    await apply('IPPool', 'p', { cidr: '10.0.0.0/16', ipipMode: 'Always', vxlanMode: 'Always' }),
    refused(/cannot both be enabled/),
  );
  test.match(await apply('Tier', 't', { defaultAction: 'Allow' }), refused(/supported values: "Deny", "Pass"/));
  await apply('IPPool', 'p', { cidr: '10.0.0.0/16' });
  test.match(await apply('IPPool', 'p', { cidr: '10.1.0.0/16' }), refused(/CIDR cannot be modified/));
  test.match(await kubectl('get', 'ippools', 'none'), refused(/"none" not found/));
});

t.test('what the store has written is what kubectl reads', { skip: !installed && 'no kubectl' }, async (test) => {
  const { store, kubectl } = await cluster(test);
  const metadata = { name: 'p', labels: { team: 'a' } };
  const spec = { cidr: '10.0.0.0/16' };
  await store.create({ apiVersion: 'projectcalico.org/v3', kind: 'IPPool', metadata, spec });
  const { text } = await kubectl('get', 'ippools', 'p', '-o', 'json');
  const read = JSON.parse(text) as { readonly metadata: { readonly annotations: Record<string, string> } };
  test.match(read, { apiVersion: 'crd.projectcalico.org/v1', kind: 'IPPool', spec });
  test.match(JSON.parse(read.metadata.annotations['projectcalico.org/metadata']), { labels: { team: 'a' } });
});
