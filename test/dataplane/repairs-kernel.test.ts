import t from 'tap';
import { sleep, systemClock } from '../../src/base/index.ts';
import { NO_TUNNELS } from '../../src/calc/index.ts';
import { GATEWAY_6 } from '../../src/dataplane/index.ts';
import { ifbName } from '../../src/dataplane/qos/ifb-name.ts';
import { pool } from '../calc/pool.ts';
import { hostsOf, vxlan } from '../calc/tunnels.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import { wanted } from './host.ts';
import { qos } from './limited.ts';
import { FAMILIES, POD, PodNetwork } from './pod-network.ts';

t.setTimeout(3_600_000);

const PATIENCE = 30_000;
const LINK = POD.interfaceName;
const TUNNEL = 'vxlan.calico';
const SLOW = { bandwidth: 1_000_000, burst: 80_000 };
const IFB = ifbName(LINK);

/** Settings of the node and of the pod's interface, as they should be. */
const SETTINGS = [
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.forwarding=1',
  `net.ipv4.conf.${LINK}.route_localnet=1`,
  `net.ipv4.neigh.${LINK}.proxy_delay=0`,
  `net.ipv4.conf.${LINK}.proxy_arp=1`,
  `net.ipv4.conf.${LINK}.forwarding=1`,
  `net.ipv4.conf.${LINK}.rp_filter=1`,
  `net.ipv6.conf.${LINK}.disable_ipv6=0`,
  `net.ipv6.conf.${LINK}.proxy_ndp=1`,
  `net.ipv6.conf.${LINK}.forwarding=1`,
  `net.ipv6.conf.${LINK}.accept_ra=0`,
  `net.ipv6.conf.${LINK}.accept_dad=0`,
];

/** What somebody may do to what is ours, each a command or more. */
const ATTACKS: readonly string[] = [
  ...SETTINGS.map((setting) => `sysctl -qw ${setting.replace(/[01]$/, (value) => String(1 - Number(value)))}`),
  'nft flush ruleset',
  'nft delete table ip vrouter-nat',
  'nft flush chain ip6 vrouter-sources prerouting',
  'nft insert rule ip vrouter-encapsulation input accept',
  'nft flush set ip vrouter-encapsulation all-hosts-net',
  'nft add element ip vrouter-nat network-ip-pools { 192.0.2.0/24 }',
  `ip link set ${LINK} down`,
  `ip link set ${LINK} address 02:00:00:00:00:01`,
  `ip -6 addr flush dev ${LINK}`,
  'ip route flush proto 80',
  'ip -6 route flush proto 80',
  `ip link set ${TUNNEL} down`,
  `ip link delete ${TUNNEL}`,
  `ip link set ${TUNNEL} mtu 1280`,
  `ip link set ${TUNNEL} address 02:00:00:00:00:02`,
  `ip addr flush dev ${TUNNEL}`,
  `ip neigh flush dev ${TUNNEL} nud permanent`,
  `tc qdisc del dev ${LINK} root`,
  `tc qdisc replace dev ${LINK} root pfifo_fast`,
  `tc qdisc replace dev ${LINK} root handle 80: tbf rate 9mbit burst 20k limit 20k`,
  `tc qdisc del dev ${LINK} ingress`,
  `tc filter del dev ${LINK} ingress`,
  `tc qdisc del dev ${IFB} root`,
  `ip link del ${IFB}`,
  `bridge fdb del 66:00:00:00:00:02 dev ${TUNNEL} dst 172.31.9.3`,
];

/** All that is ours on the node, without what changes by itself. */
function kept(network: PodNetwork): string {
  const commands = [
    `sysctl ${SETTINGS.map((setting) => setting.split('=')[0]).join(' ')}`,
    `ip -o link show ${LINK}; ip -o link show ${TUNNEL}`,
    `ip -o -6 addr show dev ${LINK}; ip -o -4 addr show dev ${TUNNEL}`,
    'ip route show proto 80 | sort; ip -6 route show proto 80 | sort',
    `ip neigh show dev ${TUNNEL} nud permanent; bridge fdb show dev ${TUNNEL} | grep 172 | sort`,
    `tc qdisc show dev ${LINK}; tc qdisc show dev ${IFB}; tc filter show dev ${LINK} ingress`,
    // Packets put elements into these sets.
    'nft list tables | sort | while read words; do case $words in *-neighbors) nft -t list $words;; *) nft list $words; esac; done',
  ];
  const shown = network.run('node', 'sh', '-c', `${commands.join('; ')} 2>&1`);
  return shown
    .replaceAll(/counter packets \d+ bytes \d+/g, 'counter')
    .replaceAll(/^\d+: |\bdev \d+\b|nhid \d+|pref medium/gm, '')
    .replaceAll(/\b(?:qlen|qdisc|state|link-netnsid) \S+|LOWER_UP|NO-CARRIER|M-DOWN|,(?=[,>])|\bnodad\b/g, '')
    .replaceAll(/\bindex \d+ (?=ref)/g, '')
    .replaceAll(/ +/g, ' ')
    .replaceAll(/\bif\d+\b|promiscuity \d+/g, '');
}

t.test('whatever somebody changes of what is ours in the kernel comes back by itself', needsRoot, async (t) => {
  const network = await PodNetwork.create(t);
  const { node } = FAMILIES[4];
  const peer = { node: 'b', underlay: '172.31.9.3', address: '10.244.2.0', mac: '66:00:00:00:00:02' };
  await network.dataplane.start({
    ...wanted(['10.244.1.0/26'], {}, [pool('10.244.0.0/16', { natOutgoing: true, encapsulation: 'vxlan' })]),
    workloads: [{ ...POD, qos: qos(SLOW, SLOW) }],
    tunnels: {
      ...NO_TUNNELS,
      vxlan4: vxlan([peer], { underlay: node }),
      hosts: hostsOf(`${node}/32`, '172.31.9.3/32'),
    },
  });
  await network.dataplane.resync();
  const asWanted = kept(network);
  for (const setting of SETTINGS) t.match(asWanted, setting.replace('=', ' = '));
  for (const part of [
    GATEWAY_6,
    'masquerade',
    '10.244.1.2',
    'fd00:244::2',
    '10.244.2.0/26',
    peer.mac,
    '172.31.9.3',
    'rate 1Mbit',
    IFB,
  ]) {
    t.match(asWanted, part);
  }
  for (const attack of ATTACKS) {
    network.run('node', 'sh', '-c', attack);
    const start = systemClock.now();
    while (kept(network) !== asWanted && systemClock.now() < start + PATIENCE) await sleep(systemClock, 20);
    t.equal(kept(network), asWanted, attack);
    t.comment(`${attack}: ${systemClock.now() - start} ms`);
  }
  t.ok(network.ping('outside', FAMILIES[4].pod));
  t.ok(network.ping('outside', FAMILIES[6].pod));
});
