import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { installCni } from '../../src/cni/index.ts';

/** Installs into folders of its own; `said` is what it wrote. */
function install(t: Test, env: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [bin, net] = [join(folder, 'bin'), join(folder, 'net.d')];
  for (const file of ['node', 'calico.cjs']) writeFileSync(join(folder, file), file);
  let said = '';
  const out = { write: (text: string) => (said += text) };
  const run = (more: Readonly<Record<string, string>> = {}): number =>
    installCni([], {
      env: { CNI_BIN_DIR: bin, CNI_NET_DIR: net, ...env, ...more },
      stdout: out,
      stderr: out,
      bundle: join(folder, 'calico.cjs'),
      node: join(folder, 'node'),
    });
  return { bin, net, run, said: () => said };
}

t.test('the plugin, its Node and a configuration that only root reads, and no half files', async (t) => {
  const { bin, net, run } = install(t, { KUBERNETES_NODE_NAME: 'n"1' });
  t.equal(run(), 0);
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
  t.equal(run(), 0, 'again');
});

t.test('a configuration of one’s own, its placeholders, its name, and an old one that goes', async (t) => {
  const { net, run } = install(t, {
    CNI_NETWORK_CONFIG: '{"name":"n","mtu":__CNI_MTU__,"k":"__KUBECONFIG_FILEPATH__"}',
    CNI_CONF_NAME: '05-mine.conflist',
    CNI_OLD_CONF_NAME: '10-old.conflist',
    CNI_MTU: '1400',
    SKIP_CNI_BINARIES: 'true',
  });
  run({ CNI_CONF_NAME: '10-old.conflist', CNI_OLD_CONF_NAME: '' });
  t.equal(run(), 0);
  t.same(readdirSync(net), ['05-mine.conflist']);
  const text = readFileSync(join(net, '05-mine.conflist'), 'utf8');
  t.same(JSON.parse(text), { name: 'n', mtu: 1400, k: '/etc/cni/net.d/calico-kubeconfig' });
});

t.test('what is there stays when it is not to be updated', async (t) => {
  const { bin, run } = install(t);
  run();
  writeFileSync(join(bin, 'calico'), 'older');
  run({ UPDATE_CNI_BINARIES: 'false' });
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
      t.equal(run(), 1);
      t.match(said(), why);
      t.notOk(existsSync(net));
    }
  },
);
