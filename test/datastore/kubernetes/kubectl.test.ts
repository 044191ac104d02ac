import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { stringify } from 'yaml';
import type { KubernetesConfig } from '../../../src/datastore/index.ts';
import { KubernetesStore } from '../../../src/datastore/kubernetes/index.ts';
import { ApiServer } from '../../fakes/api-server/index.ts';
import { CrdServer, crdServer } from '../../kubernetes/crd-server.ts';

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

/** An API server, and the words by which kubectl finds it. */
interface Cluster {
  readonly config: KubernetesConfig;
  readonly words: readonly string[];
  stop(): Promise<void>;
}

async function small(): Promise<Cluster> {
  const server = await ApiServer.start();
  const config = { type: 'kubernetes', apiEndpoint: server.url } as const;
  return { config, words: ['-s', server.url], stop: () => server.stop() };
}

async function real(): Promise<Cluster> {
  const server = await CrdServer.start();
  await server.define();
  const { apiEndpoint, token } = server.config;
  const words = ['-s', `${apiEndpoint}`, '--token', `${token}`, '--insecure-skip-tls-verify'];
  return { config: server.config, words, stop: () => server.stop() };
}

/** kubectl on an API server of the test's own; it is as a user's, so both streams count. */
async function started(test: Test, start: () => Promise<Cluster>) {
  const server = await start();
  const store = new KubernetesStore(server.config);
  const folder = mkdtempSync(join(tmpdir(), 'vrt-kubectl-'));
  test.teardown(async () => {
    await store.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, KUBECONFIG: '/dev/null' };
  const kubectl: Kubectl = async (verb, ...words) => {
    try {
      const { stdout, stderr } = await run('kubectl', [verb, ...server.words, ...words], { env });
      return { code: 0, text: stdout + stderr };
    } catch (error) {
      const { code = 1, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
      return { code, text: stdout + stderr };
    }
  };
  const apply = (kind: string, name: string, spec: object, ...words: readonly string[]): Promise<Answer> => {
    const file = join(folder, `${kind}-${name}.yaml`);
    const apiVersion = 'crd.projectcalico.org/v1';
    writeFileSync(file, stringify({ apiVersion, kind, metadata: { name }, spec }));
    return kubectl('apply', '--validate=false', ...words, '-f', file);
  };
  return { store, kubectl, apply };
}

const refused = (text: RegExp) => ({ code: 1, text });

// Each kubectl is a process that asks for all that the server knows.
t.setTimeout(600_000);
const servers = { 'the small API server': small, ...(crdServer !== undefined && { 'Kubernetes’ own': real }) };
const skip = !installed && 'no kubectl';
for (const [server, start] of Object.entries(servers)) {
  t.test(`${server}: kubectl applies, shows, changes and deletes our kinds`, { skip }, async (test) => {
    const { store, kubectl, apply } = await started(test, start);
    test.match(await apply('IPPool', 'p', { cidr: '10.0.0.0/16', vxlanMode: 'Always' }), {
      code: 0,
      text: /p created/,
    });
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
    test.match(await apply('BGPPeer', 'b', { peerIP: '10.0.0.1', asNumber: '65000.1' }), { code: 0 });
    test.match((await kubectl('get', 'bgppeers')).text, /^b +10\.0\.0\.1 +65000\.1 /m, 'whichever way it is written');
    test.match(await kubectl('delete', 'pool', 'p'), { code: 0, text: /"p" deleted/ });
    test.equal(await store.get({ kind: 'IPPool', name: 'p' }), undefined);
  });

  t.test(`${server}: kubectl is told what is wrong`, { skip }, async (test) => {
    const { kubectl, apply } = await started(test, start);
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

  t.test(`${server}: what the store has written is what kubectl reads`, { skip }, async (test) => {
    const { store, kubectl } = await started(test, start);
    const metadata = { name: 'p', labels: { team: 'a' } };
    const spec = { cidr: '10.0.0.0/16' };
    await store.create({ apiVersion: 'projectcalico.org/v3', kind: 'IPPool', metadata, spec });
    const { text } = await kubectl('get', 'ippools', 'p', '-o', 'json');
    const read = JSON.parse(text) as { readonly metadata: { readonly annotations: Record<string, string> } };
    test.match(read, { apiVersion: 'crd.projectcalico.org/v1', kind: 'IPPool', spec });
    test.match(JSON.parse(read.metadata.annotations['projectcalico.org/metadata']), { labels: { team: 'a' } });
  });
}

if (crdServer !== undefined) {
  t.test('Kubernetes’ own explains our kinds, rehearses writes and knows whose a field is', { skip }, async (test) => {
    const { store, kubectl, apply } = await started(test, real);
    test.match(await kubectl('explain', 'ippool.spec.cidr'), { code: 0, text: /cidr <string>\s.*range of addresses/s });
    const spec = { cidr: '10.0.0.0/16', vxlanMode: 'Always' };
    test.match(await apply('IPPool', 'p', spec, '--dry-run=server'), { code: 0, text: /created \(server dry run\)/ });
    test.equal(await store.get({ kind: 'IPPool', name: 'p' }), undefined);
    test.match(await apply('IPPool', 'p', spec, '--server-side', '--field-manager=a'), { code: 0 });
    const others = { cidr: '10.0.0.0/16', vxlanMode: 'Never' };
    const taken = await apply('IPPool', 'p', others, '--server-side', '--field-manager=b');
    test.match(taken, refused(/conflict with "a": \.spec\.vxlanMode/));
    test.match(await apply('IPPool', 'p', { natOutgoing: true }, '--server-side', '--field-manager=c'), { code: 0 });
    test.match((await store.get({ kind: 'IPPool', name: 'p' }))?.spec, { ...spec, natOutgoing: true });
  });
}
