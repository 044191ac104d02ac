import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import * as z from 'zod';
import { cluster } from './cluster.ts';
import { MAIN } from './program.ts';
import { needsBird, startTor } from './tor.ts';

const ANYCAST = '10.251.0.1';
const lastChoice = z.object({ localPref: z.number().optional(), communities: z.array(z.string()) });

function torConfig(own: string, nodes: readonly string[]): string {
  const sessions = nodes.map(
    (address, at) => `protocol bgp node${at + 1} {
  local ${own} as 65001;
  neighbor ${address} as 64512;
  ipv4 { import filter moved; export none; };
}`,
  );
  return `router id ${own};
protocol device {}
protocol kernel { ipv4 { import none; export all; }; }
filter moved { if (65535, 0) ~ bgp_community then bgp_local_pref = 0; accept; }
${sessions.join('\n')}
`;
}

t.test(
  'a node is drained and lost, and no packet to what another node serves as well is lost',
  needsBird,
  async (t) => {
    const lab = await cluster(t, { nodes: 2, pods: 1 });
    const tor = await lab.addHost();
    const addressOf = ({ address }: { readonly address: string }): string => address.split('/')[0];
    const own = addressOf(tor);
    const bird = await startTor(t, lab, tor, torConfig(own, lab.nodes.map(addressOf)));
    const objects = [
      { kind: 'BGPPeer', metadata: { name: 'tor' }, spec: { peerIP: own, asNumber: 65001 } },
      {
        kind: 'BGPConfiguration',
        metadata: { name: 'default' },
        spec: { serviceExternalIPs: [{ cidr: '10.251.0.0/24' }] },
      },
    ];
    for (const object of objects) {
      const text = JSON.stringify({ apiVersion: 'projectcalico.org/v3', ...object });
      const { code, stderr } = await lab.calicoctl('node1', ['apply', '-f', '-'], text);
      t.equal(code, 0, stderr);
    }
    for (const { name } of lab.nodes) await lab.exec(name, ['ip', 'address', 'add', `${ANYCAST}/32`, 'dev', 'lo']);
    const best = async (): Promise<string | undefined> => {
      const [line = ''] = (await bird.ask('show route 10.251.0.0/24 primary'))
        .split('\n')
        .filter((one) => /unicast/.test(one));
      return /\[(node\d) /.exec(line)?.[1];
    };
    const vrouter = (node: string, ...words: string[]) => lab.exec(node, [process.execPath, MAIN, ...words]);
    await lab.until(
      'both to announce it',
      async () => (await bird.ask('show route 10.251.0.0/24')).match(/\[node[12] /g)?.length === 2,
    );
    const first = (await best()) ?? '';
    const other = first === 'node1' ? 'node2' : 'node1';

    const ping = spawn('nsenter', [`--net=/run/netns/${tor.namespace}`, '--', 'ping', '-q', '-i', '0.01', ANYCAST]);
    t.teardown(() => ping.kill());
    let said = '';
    ping.stdout.on('data', (chunk) => {
      said += chunk;
    });

    const told = await vrouter(first, 'drain');
    t.match(told.stdout, /Telling 2 BGP peers[\s\S]*it is safe to stop the node/);
    await lab.until('the ToR to go another way', async () => (await best()) === other);
    t.match(
      await bird.ask(`show route 10.251.0.0/24 protocol ${first} all`),
      /\(65535,0\)/,
      'and this one is still there',
    );
    t.match((await lab.status(first)).problems, [/drained since .*last choice/]);
    await lab.until('the mesh to know all of its routes as last choices', async () => {
      const words = ['bgp', 'neighbor', addressOf(lab.node(first)), 'received', '-o', 'json'];
      const { routes } = z
        .object({ routes: z.array(lastChoice) })
        .parse(JSON.parse((await vrouter(other, ...words)).stdout));
      return (
        routes.length > 0 &&
        routes.every(({ localPref, communities }) => localPref === 0 && communities.includes('65535:0'))
      );
    });

    await t.test('undone, it takes part again; and is drained once more', async (t) => {
      t.match((await vrouter(first, 'drain', '--undo')).stdout, /takes part again/);
      await lab.until('the way it was', async () => (await best()) === first);
      t.notMatch((await lab.status(first)).problems, [/drained/]);
      await vrouter(first, 'drain');
      await lab.until('the ToR to go another way', async () => (await best()) === other);
    });

    await lab.endDaemon(first, 'SIGTERM');
    await lab.until('its routes to go with it', async () => !(await bird.ask('show route')).includes(`[${first} `));
    await lab.loseNode(first);
    await lab.exec(tor.name, ['ping', '-q', '-c', '20', '-i', '0.01', ANYCAST]);
    const ended = once(ping, 'exit');
    ping.kill('SIGINT');
    await ended;
    t.match(said, / 0% packet loss/);
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(said) ?? [];
    t.ok(Number(sent) > 100);
    t.equal(received, sent);
  },
);
