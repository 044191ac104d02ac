import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import * as z from 'zod';
import { systemClock } from '../../src/base/index.ts';
import { type Breakage, cableOf, routerOf } from '../../src/lab/breakage.ts';
import type { Lab } from '../../src/lab/index.ts';
import { measureLoss } from '../../src/lab/loss.ts';
import { buildTopology, loadTopology, untilJoined } from '../../src/lab/topology/index.ts';
import { readTopology } from '../../src/lab/topology/read.ts';
import { cluster } from './cluster.ts';
import { MAIN } from './program.ts';
import { needsRouters } from './routers.ts';

/** All pods reach all pods while it is broken. */
async function broken(t: Test, lab: Lab, name: string, breakage: Breakage, silent = false): Promise<void> {
  const loss = await measureLoss(lab.record, breakage, { clock: systemClock, watch: 500, silent });
  t.ok(loss.reachable, name);
  t.ok(loss.going.sent > 0 && loss.coming.sent > 0, 'packets are counted');
  const { going, coming } = loss;
  t.comment(
    `${loss.what}: ${going.lost} of ${going.sent} lost as it went, ${coming.lost} of ${coming.sent} as it came`,
  );
}

t.test(
  'the fabric of the example: whichever cable or router goes, all pods reach all pods',
  needsRouters,
  async (t) => {
    const lab = await cluster(t, {});
    await buildTopology(lab, await loadTopology('deploy/examples/tor.yaml'));
    await lab.addPods(1);
    await untilJoined(lab);

    const { state } = lab.record;
    const cases: readonly (readonly [string, Breakage, boolean])[] = [
      ['an uplink is pulled', cableOf(state, 'node1:eth1'), false],
      ['a ToR is gone', routerOf(state, 'tor1b'), false],
      ['a cable to a spine carries nothing, and no interface notices', cableOf(state, 'spine1:eth3'), true],
    ];
    for (const [name, breakage, silent] of cases) await broken(t, lab, name, breakage, silent);
    await lab.until('all to be as before', async () => (await lab.reachability()).complete);
  },
);

t.test(
  'the example with reflectors: whichever of a rack’s two is gone, all pods reach all pods',
  needsRouters,
  async (t) => {
    const lab = await cluster(t, {});
    await buildTopology(lab, await loadTopology('deploy/examples/reflectors.yaml'));
    await lab.addPods(1);
    await untilJoined(lab);
    const { peers = [] } = (await lab.status('node1')).bgp ?? {};
    t.same(peers.map(({ address, session }) => [address, session]).sort(), [
      ['10.1.1.0', 'Established'],
      ['10.1.2.0', 'Established'],
    ]);
    for (const name of ['tor1a', 'tor1b']) await broken(t, lab, `${name} is gone`, routerOf(lab.record.state, name));
    await broken(t, lab, 'a cable to a reflector', cableOf(lab.record.state, 'node3:eth1'));
  },
);

/** Two nodes and two reflectors on the lab's switch: one is a node of vRouter, one is BIRD. */
const REFLECTORS = `name: rr
topology:
  nodes:
    node1: { kind: vrouter }
    node2: { kind: vrouter }
    rr1: { kind: vrouter, reflector: 244.0.0.1 }
    rr2:
      kind: bird
      startup-config: |
        router id 172.18.0.14;
        protocol device {}
        template bgp reflected {
          local 172.18.0.14 as 64512;
          rr client; rr cluster id 244.0.0.2;
          connect delay time 1; error wait time 1, 2;
          ipv4 { import all; export all; };
        }
        protocol bgp node1 from reflected { neighbor 172.18.0.11 as 64512; }
        protocol bgp node2 from reflected { neighbor 172.18.0.12 as 64512; }
resources:
  - apiVersion: projectcalico.org/v3
    kind: BGPConfiguration
    metadata: { name: default }
    spec: { nodeToNodeMeshEnabled: false }
  - apiVersion: projectcalico.org/v3
    kind: BGPPeer
    metadata: { name: rr1 }
    spec: { nodeSelector: '!has(route-reflector)', peerSelector: has(route-reflector) }
  - apiVersion: projectcalico.org/v3
    kind: BGPPeer
    metadata: { name: rr2 }
    spec: { nodeSelector: '!has(route-reflector)', peerIP: 172.18.0.14, asNumber: 64512 }
`;

const told = z.array(z.object({ what: z.string(), reachable: z.boolean(), going: z.object({ lost: z.number() }) }));

/** `vrouter lab loss`, as somebody starts it. */
function loss(lab: Lab, ...words: readonly string[]) {
  const { name } = lab.record.state;
  const child = spawn(process.execPath, [MAIN, 'lab', 'loss', '--name', name, '--json', ...words]);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => {
    said.stdout += data;
  });
  child.stderr.on('data', (data) => {
    said.stderr += data;
  });
  return { child, said, ended: once(child, 'close') };
}

t.test(
  'a node of vRouter and BIRD reflect; lab loss breaks one after the other, and mends when interrupted',
  needsRouters,
  async (t) => {
    const lab = await cluster(t, {});
    await buildTopology(lab, { topology: readTopology(REFLECTORS), directory: '.' });
    await lab.addPods(1);
    t.same(lab.pods.map(({ node }) => node).sort(), ['node1', 'node2'], 'a reflector has no pods');
    await untilJoined(lab);
    t.match(
      (await lab.calicoctl('node1', ['get', 'node', 'rr1', '-o', 'yaml'])).stdout,
      'routeReflectorClusterID: 244.0.0.1',
    );

    await t.test('each once, told as JSON', async (t) => {
      const { said, ended } = loss(lab, '--seconds', '1');
      t.equal((await ended)[0], 0, said.stderr);
      t.match(told.parse(JSON.parse(said.stdout)), [
        { what: 'router rr2', reachable: true },
        { what: 'reflector rr1', reachable: true },
      ]);
    });

    await t.test('interrupted, and again while it mends: all is up again', async (t) => {
      const up = async (): Promise<boolean> =>
        (await lab.exec('rr2', ['ip', '-o', 'link', 'show', 'eth0'])).stdout.includes('state UP');
      const { child, said, ended } = loss(lab, '--kill', 'rr2', '--seconds', '600');
      await lab.until('rr2 to be gone', async () => !(await up()));
      child.kill('SIGINT');
      child.kill('SIGINT');
      const [code] = await ended;
      t.equal(code, 1);
      t.match(said.stderr, /interrupted; what was broken is mended/);
      t.equal(await up(), true);
      await untilJoined(lab);
    });
  },
);
