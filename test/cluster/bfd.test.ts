import { readFile } from 'node:fs/promises';
import t from 'tap';
import type { Lab } from '../../src/lab/index.ts';
import { cluster, hasRoute } from './cluster.ts';
import { MAIN } from './program.ts';
import { needsBird, startTor } from './tor.ts';

const CONFIGURATION = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'BFDConfiguration',
  metadata: { name: 'default' },
  spec: {
    interfaces: [
      {
        matchPattern: 'eth*',
        ...{ minimumSendInterval: '50ms', minimumRecvInterval: '50ms', idleSendInterval: '1s', multiplier: 3 },
      },
    ],
  },
};

/** Nothing goes or comes any more, and no interface is down. */
const CUT = `table inet cut {
  chain in { type filter hook input priority -300; policy drop; }
  chain out { type filter hook output priority -300; policy drop; }
}`;

function peering(name: string, peerIP: string, failureDetectionMode: string): object {
  return {
    apiVersion: 'projectcalico.org/v3',
    kind: 'BGPPeer',
    metadata: { name },
    spec: { peerIP, asNumber: 65001, failureDetectionMode, keepaliveTime: '30s' },
  };
}

function birdConfig(own: string, peer: string): string {
  return `router id ${own};
protocol device {}
protocol bfd {
  interface "*" { min rx interval 50 ms; min tx interval 50 ms; idle tx interval 1 s; multiplier 3; };
}
protocol static { ipv4; route 10.250.0.0/24 blackhole; }
protocol bgp node1 {
  local ${own} as 65001;
  neighbor ${peer} as 64512;
  bfd on;
  hold time 240;
  connect delay time 1;
  error wait time 1, 2;
  ipv4 { import all; export all; };
}
`;
}

t.test(
  'a peer that BFD watches is gone at once when its link is cut, not when the hold time is over',
  needsBird,
  async (t) => {
    const lab = await cluster(t, { nodes: 1, pods: 1 });
    const put = async (object: object): Promise<void> => {
      const { code, stderr } = await lab.calicoctl('node1', ['apply', '-f', '-'], JSON.stringify(object));
      t.equal(code, 0, stderr);
    };
    const router = await lab.addHost();
    const [own, peer] = [router, lab.node('node1')].map(({ address }) => address.split('/')[0]);
    const tor = await startTor(t, lab, router, birdConfig(own, peer));
    const bird = tor.ask;
    const bfd = async (): Promise<string | undefined> => (await peerOf(lab, own))?.bfd?.state;
    const isUp = async (): Promise<boolean> => (await peerOf(lab, own))?.session === 'Established';
    const hears = () => hasRoute(lab, 'node1', '10.250.0.0/24');

    await put(peering('router', own, 'BFDIfDirectlyConnected'));
    await lab.until('BGP without BFD, since nothing says how', isUp);
    await lab.until('that to be a problem', async () =>
      (await lab.status('node1')).problems.some((text) => /no BFDConfiguration is for this node/.test(text)),
    );
    t.equal(await bfd(), undefined);
    await put(CONFIGURATION);
    await lab.until('BFD', async () => (await bfd()) === 'Up');
    await lab.until('the route', hears);
    const agreed = new RegExp(`${peer} +eth0 +Up .* 0\\.050 +0\\.150`);
    await lab.until('BIRD to say so too', async () => agreed.test(await bird('show bfd sessions')));

    await t.test('vrouter bgp neighbor and the metrics show it', async (t) => {
      // On a busy machine it may have failed before.
      const said = /BFD: Up, single hop over eth0, every 50 ms, down after 150 ms; failures: \d+/;
      await lab.until('the session to be told', async () =>
        said.test((await lab.exec('node1', [process.execPath, MAIN, 'bgp', 'neighbor', own])).stdout),
      );
      const none = (await lab.status('node1')).problems.filter((text) => /BFD/.test(text));
      t.same(none, []);
    });

    await t.test('the link is cut', async (t) => {
      const { downs = 0 } = (await peerOf(lab, own))?.bfd ?? {};
      await lab.exec(router.name, ['nft', CUT]);
      await lab.until('the session to be gone', async () => !(await isUp()));
      await lab.until('and the route', async () => !(await hears()));
      const log = await readFile(lab.node('node1').log, 'utf8');
      const [failed, ended] = ['BFD session is Down: control detection time expired', 'cease: BFD down'].map((text) =>
        log.lastIndexOf(text),
      );
      t.ok(failed >= 0 && ended > failed, 'BFD noticed, and ended the session');
      t.notMatch(log, /hold timer/i);
      const now = (await peerOf(lab, own))?.bfd;
      t.match(now, { state: 'Down' });
      t.ok((now?.downs ?? 0) > downs, 'it is counted');

      await lab.exec(router.name, ['nft', 'delete table inet cut']);
      await lab.until('it to be Up again', async () => (await bfd()) === 'Up');
      await lab.until('BGP too', isUp);
      await lab.until('and the route', hears);
    });

    // BIRD 2.0 takes AdminDown for a failure; so told, it waits for the session to return.
    await t.test('the daemon restarts, and a neighbour whose BFD is graceful keeps its routes', async (t) => {
      await tor.configure(birdConfig(own, peer).replace('bfd on;', 'bfd graceful;'));
      const whole = async (): Promise<boolean> =>
        (await isUp()) && (await bfd()) === 'Up' && /10\.244/.test(await bird('show route'));
      await lab.until('both, and our route', whole);
      await lab.endDaemon('node1', 'SIGTERM');
      t.match(await bird('show route'), /10\.244/, 'while it is away');
      await lab.startDaemon('node1');
      await lab.until('both, and our route, again', whole);
    });
  },
);

async function peerOf(lab: Lab, address: string) {
  return (await lab.status('node1')).bgp?.peers.find((one) => one.address === address);
}
