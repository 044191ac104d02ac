import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { blocksOf, cluster, podsOf } from './cluster.ts';
import { needsBird, startTor } from './tor.ts';

const SESSIONS = 'interval 50 ms; idle tx interval 1 s; multiplier 3;';

/** The cable between a node and a ToR, each counted from 1: a network of two addresses, the ToR's first. */
const cable = (node: number, tor: number) => ({
  tor: `10.${tor}.${node}.0`,
  node: `10.${tor}.${node}.1`,
  atNode: `up${tor}`,
  atTor: `down${node}`,
});

function torConfig(tor: number): string {
  const sessions = [1, 2].map((node) => {
    const { tor: own, node: neighbor } = cable(node, tor);
    return `protocol bgp node${node} {
  local ${own} as 65001;
  neighbor ${neighbor} as 64512;
  bfd on;
  hold time 240;
  connect delay time 1;
  error wait time 1, 2;
  ipv4 { import all; export all; next hop self; };
}`;
  });
  return `router id 10.255.0.${tor};
protocol device {}
protocol bfd { interface "down*" { ${SESSIONS} }; }
protocol kernel { ipv4 { import none; export all; }; }
${sessions.join('\n')}
`;
}

t.test(
  'nodes with an address on lo and an uplink to each of two ToRs: both are used, and one that fails is left',
  needsBird,
  async (t) => {
    const lab = await cluster(t, {});
    const addresses = ['172.31.0.1', '172.31.0.2'];
    for (const address of addresses) await lab.addNode({ IP: `${address}/32` });
    const put = async (kind: string, name: string, spec: object): Promise<void> => {
      const text = JSON.stringify({ apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec });
      const { code, stderr } = await lab.calicoctl('node1', ['apply', '-f', '-'], text);
      t.equal(code, 0, stderr);
    };
    await put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false });
    const fast = { minimumSendInterval: '50ms', minimumRecvInterval: '50ms', idleSendInterval: '1s', multiplier: 3 };
    await put('BFDConfiguration', 'uplinks', { interfaces: [{ matchPattern: 'up*', ...fast }] });

    const tors = [await lab.addHost(), await lab.addHost()];
    for (const [at, { name }] of lab.nodes.entries()) {
      await lab.exec(name, ['ip', 'address', 'add', `${addresses[at]}/32`, 'dev', 'lo']);
      for (const [index, tor] of tors.entries()) {
        const ends = cable(at + 1, index + 1);
        const far = ['netns', tor.namespace, 'name', ends.atTor];
        await lab.exec(name, ['ip', 'link', 'add', ends.atNode, 'type', 'veth', 'peer', ...far]);
        await lab.exec(name, ['ip', 'address', 'add', `${ends.node}/31`, 'dev', ends.atNode]);
        await lab.exec(tor.name, ['ip', 'address', 'add', `${ends.tor}/31`, 'dev', ends.atTor]);
        await lab.exec(name, ['ip', 'link', 'set', ends.atNode, 'up']);
        await lab.exec(tor.name, ['ip', 'link', 'set', ends.atTor, 'up']);
        await put('BGPPeer', `${name}-tor${index + 1}`, {
          ...{ node: name, peerIP: ends.tor, asNumber: 65001, sourceAddress: 'None', numAllowedLocalASNumbers: 1 },
          ...{ failureDetectionMode: 'BFDIfDirectlyConnected', keepaliveTime: '30s' },
        });
      }
    }
    for (const [index, tor] of tors.entries()) {
      await lab.exec(tor.name, ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
      await startTor(t, lab, tor, torConfig(index + 1));
    }
    await lab.addPods(1);
    const [one, two] = ['node1', 'node2'].map((node) => podsOf(lab, node)[0]);
    const target = two.address!.split('/')[0];
    const [far] = await blocksOf(lab, 'node2');
    const ways = async (node: string, block: string): Promise<string> =>
      (await lab.exec(node, ['ip', 'route', 'show', block])).stdout.replaceAll(/\s+/g, ' ');
    const both = /via 10\.1\.1\.0 dev up1 weight 1 .*via 10\.2\.1\.0 dev up2 weight 1/;
    await lab.until('both ways to the other node', async () => both.test(await ways('node1', far)));
    const [near] = await blocksOf(lab, 'node1');
    await lab.until('and back', async () => /dev up1 .*dev up2 /.test(await ways('node2', near)));
    const up = async (): Promise<boolean> =>
      (await lab.status('node1')).bgp?.peers.every(({ bfd }) => bfd?.state === 'Up' && bfd.detectionTime === 150) ??
      false;
    await lab.until('BFD with both', up);
    await lab.until('pods to talk', async () => (await lab.ping(one, target)) !== undefined);

    for (const tor of [1, 2]) {
      await t.test(`the cable to ToR ${tor} fails without a sign`, async (t) => {
        const name = tors[tor - 1].name;
        const ping = spawn('nsenter', [`--net=/run/netns/${one.namespace}`, '--', 'ping', '-q', '-i', '0.01', target]);
        t.teardown(() => ping.kill());
        let said = '';
        ping.stdout.on('data', (chunk) => {
          said += chunk;
        });
        const drop = `table netdev cut { chain in { type filter hook ingress device down1 priority 0; policy drop; }; }
table inet cut { chain out { type filter hook postrouting priority 0; oifname down1 drop; }; }`;
        await lab.exec(name, ['nft', drop]);
        const other = cable(1, 3 - tor).tor;
        await lab.until('the other way alone', async () => {
          const text = await ways('node1', far);
          return text.includes(other) && !text.includes(cable(1, tor).tor);
        });
        await lab.until('pods to talk', async () => (await lab.ping(one, target)) !== undefined);
        const ended = once(ping, 'exit');
        ping.kill('SIGINT');
        await ended;
        const [, sent = 0, received = 0] = /(\d+) packets transmitted, (\d+) received/.exec(said)?.map(Number) ?? [];
        t.ok(received > 0);
        t.comment(`${sent - received} packets of ${sent}, one every 10 ms, were lost`);
        await lab.exec(name, ['nft', 'delete table netdev cut; delete table inet cut']);
        await lab.until('both ways again', async () => both.test(await ways('node1', far)));
        await lab.until('BFD with both', up);
      });
    }
  },
);
