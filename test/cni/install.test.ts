import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { followToken, installCni } from '../../src/cni/index.ts';

/** Installs into folders of its own; `said` is what it wrote. */
function install(t: Test, env: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [bin, net] = [join(folder, 'bin'), join(folder, 'net.d')];
  for (const file of ['node', 'calico.cjs']) writeFileSync(join(folder, file), file);
  let said = '';
  const out = { write: (text: string) => (said += text) };
  const run = (more: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<number> =>
    installCni([], {
      env: { CNI_BIN_DIR: bin, CNI_NET_DIR: net, ...env, ...more },
      stdout: out,
      stderr: out,
      program: join(folder, 'program'),
      bundle: join(folder, 'calico.cjs'),
      node: join(folder, 'node'),
      serviceAccount: join(folder, 'serviceaccount'),
      ...(signal && { signal }),
    });
  return { folder, bin, net, run, said: () => said };
}

t.test('the plugin, its Node and a configuration that only root reads, and no half files', async (t) => {
  const { bin, net, run } = install(t, { KUBERNETES_NODE_NAME: 'n"1' });
  t.equal(await run(), 0);
  t.same(readdirSync(bin).sort(), ['calico', 'vrouter-node']);
  t.equal(statSync(join(bin, 'calico')).mode & 0o777, 0o755);
  t.equal(readFileSync(join(bin, 'calico'), 'utf8'), '#!/opt/cni/bin/vrouter-node\ncalico.cjs');
  t.same(readdirSync(net), ['10-calico.conflist']);
  const conflist = join(net, '10-calico.conflist');
  t.equal(statSync(conflist).mode & 0o777, 0o600);
  t.match(JSON.parse(readFileSync(conflist, 'utf8')), {
    name: 'k8s-pod-network',
    plugins: [{ type: 'calico', nodename: 'n"1' }, { type: 'portmap' }],
  });
  t.equal(await run(), 0, 'again');
});

t.test('the plugin that is a program of its own takes the place of both', async (t) => {
  const { folder, bin, run } = install(t);
  await run();
  writeFileSync(join(folder, 'program'), 'program');
  t.equal(await run(), 0);
  t.same(readdirSync(bin), ['calico']);
  t.equal(readFileSync(join(bin, 'calico'), 'utf8'), 'program');
  t.equal(statSync(join(bin, 'calico')).mode & 0o777, 0o755);
});

t.test('a configuration of one’s own, its placeholders, its name, and an old one that goes', async (t) => {
  const { net, run } = install(t, {
    CNI_NETWORK_CONFIG: '{"name":"n","mtu":__CNI_MTU__,"k":"__KUBECONFIG_FILEPATH__"}',
    CNI_CONF_NAME: '05-mine.conflist',
    CNI_OLD_CONF_NAME: '10-old.conflist',
    CNI_MTU: '1400',
    SKIP_CNI_BINARIES: 'true',
  });
  await run({ CNI_CONF_NAME: '10-old.conflist', CNI_OLD_CONF_NAME: '' });
  t.equal(await run(), 0);
  t.same(readdirSync(net), ['05-mine.conflist']);
  const text = readFileSync(join(net, '05-mine.conflist'), 'utf8');
  t.same(JSON.parse(text), { name: 'n', mtu: 1400, k: '/etc/cni/net.d/calico-kubeconfig' });
});

t.test('what is there stays when it is not to be updated', async (t) => {
  const { bin, run } = install(t);
  await run();
  writeFileSync(join(bin, 'calico'), 'older');
  await run({ UPDATE_CNI_BINARIES: 'false' });
  t.equal(readFileSync(join(bin, 'calico'), 'utf8'), 'older');
});

t.test(
  'a placeholder that nobody knows, and a configuration that is no JSON, are refused before anything is written',
  async (t) => {
    for (const [config, why] of [
      ['{"a":"__WHAT__"}', /__WHAT__ .*WHAT is not set/],
      ['{"a":', /not JSON/],
    ] as const) {
      const { net, run, said } = install(t, { CNI_NETWORK_CONFIG: config });
      t.equal(await run(), 1);
      t.match(said(), why);
      t.notOk(existsSync(net));
    }
  },
);

t.test('in Kubernetes, a kubeconfig with the pod’s token, and with the next one when it comes', async (t) => {
  const ended = new AbortController();
  const { folder, net, run, said } = install(t, {
    KUBERNETES_SERVICE_HOST: 'fd00::1',
    KUBERNETES_SERVICE_PORT: '6443',
    SKIP_CNI_BINARIES: 'true',
  });
  const account = join(folder, 'serviceaccount');
  mkdirSync(account);
  writeFileSync(join(account, 'ca.crt'), 'authority');
  writeFileSync(join(account, 'token'), 'first\n');
  const path = join(net, 'calico-kubeconfig');
  const token = (): string => parse(readFileSync(path, 'utf8')).users[0].user.token;
  t.equal(await run(), 0);
  t.match(parse(readFileSync(path, 'utf8')), {
    'current-context': 'calico-context',
    clusters: [{ cluster: { server: 'https://[fd00::1]:6443', 'certificate-authority-data': 'YXV0aG9yaXR5' } }],
  });
  t.equal(token(), 'first');
  t.equal(statSync(path).mode & 0o777, 0o600);

  const staying = run({ SLEEP: 'true' }, ended.signal);
  const rewritten = new Promise<void>((resolve) => {
    const watcher = watch(net, () => {
      if (!existsSync(path) || token() !== 'second') return;
      watcher.close();
      resolve();
    });
  });
  writeFileSync(join(account, 'next'), 'second');
  renameSync(join(account, 'next'), join(account, 'token'));
  await rewritten;
  ended.abort();
  t.equal(await staying, 0);
  t.match(said(), /calico-kubeconfig/);
});

t.test('a daemon goes on with a kubeconfig that is there, and makes none', async (t) => {
  const { folder, net } = install(t);
  const account = join(folder, 'serviceaccount');
  const ended = new AbortController();
  const io = {
    env: { CNI_NET_DIR: net, KUBERNETES_SERVICE_HOST: 'fd00::1' },
    stdout: process.stderr,
    stderr: process.stderr,
    serviceAccount: account,
    signal: ended.signal,
  };
  mkdirSync(account);
  for (const name of ['token', 'ca.crt']) writeFileSync(join(account, name), name);
  followToken(io);
  t.notOk(existsSync(net));
  mkdirSync(net);
  writeFileSync(join(net, 'calico-kubeconfig'), 'of an hour ago');
  followToken(io);
  t.equal(parse(readFileSync(join(net, 'calico-kubeconfig'), 'utf8')).users[0].user.token, 'token');
  ended.abort();
});
