import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { nodeStatusSchema } from '../../src/control/answers.ts';
import { request } from '../../src/control/index.ts';
import { cluster, needsRoot } from '../cluster/cluster.ts';
import { IMAGE, makeKit } from '../containerd/containerd.ts';
import { conflist } from '../containerd/nodes.ts';
import { buildImage, TAG } from '../deploy/kubernetes/image.ts';
import { Podman } from './podman.ts';

const installed = existsSync('/usr/bin/podman') && existsSync('/usr/lib/cni/portmap');
const needs = installed || process.env['CI'] ? needsRoot : { skip: 'it needs podman and the CNI plugins' };
const NETWORK = 'k8s-pod-network';

/** The words after `docker run` in the page about deploying, without the image. */
function documented(): readonly string[] {
  const page = readFileSync('deploy/README.md', 'utf8');
  const [, command = ''] = /^docker run ((?:.*\\\n)*.*) vrouter$/m.exec(page) ?? [];
  return command
    .replaceAll('\\\n', ' ')
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** The same for a host that is a folder of its own: what is mounted from the host comes from there. */
function onHost(words: readonly string[], folder: string, environment: string): readonly string[] {
  return words.map((word, at) => {
    if (words[at - 1] === '--env-file') return environment;
    if (words[at - 1] !== '-v' || !word.startsWith('/var/')) return word;
    const [source, ...rest] = word.split(':');
    mkdirSync(join(folder, source), { recursive: true });
    return [join(folder, source), ...rest].join(':');
  });
}

t.setTimeout(600_000);

t.test('the daemon as `docker run` of the page starts it gives a container its network', needs, async (t) => {
  t.match(documented(), ['--network', 'host'], 'the page has the command');
  const kit = await makeKit(`d${process.pid}`, { onNode: true });
  t.teardown(() => kit.remove());
  const lab = await cluster(t, {});
  const host = await lab.addHost();
  const environment = join(kit.directory, 'vrouter.env');
  const settings = {
    DATASTORE_TYPE: 'sqlite',
    NODENAME: host.name,
    IP: host.address,
    CALICO_IPV4POOL_CIDR: '10.244.0.0/16',
    CALICO_IPV4POOL_IPIP: 'Never',
    FELIX_DEFAULTENDPOINTTOHOSTACTION: 'ACCEPT',
  };
  writeFileSync(
    environment,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const socket = join(kit.directory, 'host/var/run/calico/vrouter.sock');
  const podman = await Podman.start(kit, host.name, host.namespace, conflist({ ...host, socket }));
  t.teardown(() => podman.remove());
  await podman.must(['load', '--quiet', '--input', await buildImage(kit.directory)]);
  const words = onHost(documented(), join(kit.directory, 'host'), environment);
  await podman.must(['run', '--detach', '--name', 'vrouter', ...words, TAG]);

  await lab.until('the daemon to serve pods', async () => {
    const status = await request(socket, { op: 'status' }, nodeStatusSchema).catch(() => undefined);
    if (status === undefined) t.equal((await podman.must(['ps', '--quiet', '--filter', 'name=vrouter'])) !== '', true);
    return status?.serving;
  });
  await podman.must(['run', '--detach', '--name', 'a', '--network', NETWORK, IMAGE, 'sleep', '3600']);
  const format = `{{(index .NetworkSettings.Networks "${NETWORK}").IPAddress}}`;
  const address = await podman.must(['inspect', '--format', format, 'a']);
  t.match(address, /^10\.244\./);
  t.type(await lab.ping(host, address), 'number', 'its host reaches it');
  t.equal((await podman.run(['exec', 'a', 'ping', '-c1', '-W5', host.address.split('/')[0]])).code, 0);
  await podman.must(['rm', '--force', '--time', '0', 'a']);
  t.equal((await lab.exec(host.name, ['ip', 'link'])).stdout.includes('cali'), false, 'nothing is left of it');
});
