import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import t from 'tap';
import { blocksOf, cluster, hasRoute, needsRoot, podsOf } from './cluster.ts';
import { MAIN } from './program.ts';

const BIRD = '/usr/sbin/bird';
const needsBird = {
  skip: needsRoot.skip || (existsSync(BIRD) || process.env['CI'] ? false : 'it needs Debian’s bird2'),
};

/** BIRD as calico/node runs it: routes in and out of the kernel, one iBGP session. */
function birdConfig(own: string, peer: string): string {
  return `router id ${own};
protocol device {}
protocol direct { ipv4; }
protocol kernel { ipv4 { import none; export all; }; }
protocol bgp node1 {
  local ${own} as 64512;
  neighbor ${peer} as 64512;
  ipv4 { import all; export where net ~ [ 10.250.0.0/16+ ]; next hop self; };
}
`;
}

t.test('BIRD 2 in place of a node: routes both ways, and packets', needsBird, async (t) => {
  const lab = await cluster(t, { nodes: 1, pods: 1 });
  const host = await lab.addHost();
  const [own, peer] = [host, lab.node('node1')].map(({ address }) => address.split('/')[0]);
  const { directory } = lab.record.plan;
  const files = { config: `${directory}/bird.conf`, control: `${directory}/bird.ctl` };
  await writeFile(files.config, birdConfig(own, peer));
  await lab.exec(host.name, ['ip', 'address', 'add', '10.250.0.1/32', 'dev', 'lo']);

  const node = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'Node',
    metadata: { name: 'bird' },
    spec: { bgp: { ipv4Address: host.address } },
  };
  const { code, stderr } = await lab.calicoctl('node1', ['create', '-f', '-'], JSON.stringify(node));
  t.equal(code, 0, stderr);

  const bird = spawn('nsenter', [
    `--net=/run/netns/${host.namespace}`,
    '--',
    BIRD,
    '-f',
    '-c',
    files.config,
    '-s',
    files.control,
  ]);
  t.teardown(() => bird.kill());

  await lab.until('the session to be established', async () =>
    (await lab.status('node1')).bgp?.peers.some(
      ({ address, info }) => address === own && info.startsWith('Established'),
    ),
  );
  await lab.until('BIRD’s route in our kernel', () => hasRoute(lab, 'node1', '10.250.0.1'));
  const [block] = await blocksOf(lab, 'node1');
  await lab.until('our block in BIRD’s kernel', () => hasRoute(lab, host.name, block));
  t.match(
    (await lab.routes(host.name)).find((line) => line.startsWith(block)),
    new RegExp(`via ${peer} .*proto bird`),
  );

  const [pod] = podsOf(lab, 'node1');
  t.type(await lab.ping(pod, '10.250.0.1'), 'number', 'the pod reaches an address that only BIRD announces');

  await t.test('vrouter bgp shows the neighbour, its routes, and why a packet goes where it goes', async (t) => {
    const bgp = async (...words: string[]) => {
      const { stdout } = await lab.exec('node1', [process.execPath, MAIN, 'bgp', ...words]);
      return stdout;
    };
    t.match(await bgp('summary'), new RegExp(`^${own} +4 +64512 .*node-to-node mesh bird$`, 'm'));
    t.match(await bgp('neighbor', own), /Established for [\s\S]*prefixes: [1-9]/);
    t.match(await bgp('neighbor', own, 'received'), /10\.250\.0\.1\/32/);
    t.match(await bgp('neighbor', own, 'advertised'), new RegExp(`${block} `));
    const why = await bgp('route', '10.250.0.1', '--why');
    t.match(why, new RegExp(`\\*> from ${own}, next hop ${own}`));
    t.match(why, new RegExp(`not announced to ${own}: filter export default`));
    t.match(why, /kernel has it: 10\.250\.0\.1/);
  });

  await t.test('a CalicoNodeStatus is answered with the session and the routes', async (t) => {
    const asked = {
      apiVersion: 'projectcalico.org/v3',
      kind: 'CalicoNodeStatus',
      metadata: { name: 'of-node1' },
      spec: { node: 'node1', classes: ['Agent', 'BGP', 'Routes'], updatePeriodSeconds: 10 },
    };
    t.equal((await lab.calicoctl('node1', ['create', '-f', '-'], JSON.stringify(asked))).code, 0);
    const answer = async () => {
      const { stdout: text } = await lab.calicoctl('node1', ['get', 'nodestatus', 'of-node1', '-o', 'json']);
      return JSON.parse(text).status;
    };
    await lab.until('the answer', async () => (await answer())?.lastUpdated !== undefined);
    const learnedFrom = { sourceType: 'NodeMesh', peerIP: own };
    const status = await answer();
    t.match(status, {
      agent: { birdV4: { state: 'Ready', routerID: peer } },
      bgp: { numberEstablishedV4: 1, numberNotEstablishedV4: 0, peersV4: [{ peerIP: own, type: 'NodeMesh' }] },
    });
    const { routesV4 } = status.routes as { readonly routesV4: readonly { readonly destination: string }[] };
    const of = (cidr: string) => routesV4.find(({ destination }) => destination === cidr);
    t.match(of('10.250.0.1/32'), { type: 'FIB', gateway: own, interface: 'eth0', learnedFrom });
    t.match(of(block), { gateway: 'N/A', interface: 'blackhole', learnedFrom: { sourceType: 'Static' } });
    t.match(of(`${pod.address?.split('/')[0]}/32`), { interface: /^cali/, learnedFrom: { sourceType: 'Kernel' } });
  });

  await t.test('BIRD withdraws, and the route goes', async (t) => {
    await lab.exec(host.name, ['ip', 'address', 'del', '10.250.0.1/32', 'dev', 'lo']);
    await lab.until('the route to go', async () => !(await hasRoute(lab, 'node1', '10.250.0.1')));
    t.equal((await lab.status('node1')).bgp?.peers[0].state, 'up');
  });
});
