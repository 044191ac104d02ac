import t from 'tap';
import type { HostFacts } from '../../src/cli/check/facts.ts';
import { type Judgement, judge } from '../../src/cli/check/judgements.ts';
import { runCheck } from '../../src/cli/index.ts';
import { MemoryDatabase, MemoryStore } from '../../src/datastore/index.ts';
import { newResource } from '../../src/model/index.ts';
import { beside } from './beside-daemon.ts';

/** A host that will do. */
const GOOD: HostFacts = {
  nft: 'nftables v1.0.6',
  tables: true,
  modules: new Set(['nf_tables', 'nf_conntrack', 'veth', 'vxlan', 'ipip', 'wireguard']),
  hasIp: true,
  capabilities: 0x1ffffffffffn,
  sysctls: {
    'net.ipv4.ip_forward': '1',
    'net.ipv6.conf.all.forwarding': '1',
    'net.ipv4.conf.all.rp_filter': '2',
    'net.netfilter.nf_conntrack_max': '262144',
  },
  listening: new Set(['tcp/22']),
  isOursRunning: false,
  links: [
    { name: 'lo', mtu: 65536, isUp: true },
    { name: 'eth0', mtu: 1500, isUp: true },
    { name: 'eth1', mtu: 576, isUp: false },
  ],
  processes: new Set(['systemd', 'sshd']),
  cniConfigs: [],
  unmanaged: '',
  routes: [
    { destination: 'default', device: 'eth0', protocol: 'dhcp' },
    { destination: '192.0.2.0/24', device: 'eth0', protocol: 'kernel' },
  ],
  pools: ['10.244.0.0/16'],
  isBfdAsked: false,
  isClockSet: true,
  now: Date.UTC(2026, 5, 1),
};

type Row = readonly [Partial<HostFacts>, check: string, Judgement['result'], detail: RegExp, next?: RegExp];

/** What is other than on a good host, and what is said of it. */
const ROWS: readonly Row[] = [
  [{ capabilities: 0n }, 'privileges', 'failure', /CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW missing/, /root/],
  [{ capabilities: (1n << 10n) | (1n << 12n) }, 'privileges', 'failure', /^CAP_NET_RAW missing/],
  [{ nft: undefined }, 'nft', 'failure', /no nft/, /package nftables/],
  [{ tables: 'Operation not supported' }, 'nft', 'failure', /not supported/, /modprobe nf_tables/],
  [{ modules: new Set(['nf_conntrack']) }, 'modules', 'failure', /no veth/],
  [{ modules: new Set(['nf_conntrack', 'veth', 'vxlan']) }, 'modules', 'warning', /no ipip, wireguard/, /ipip or wire/],
  [{ modules: new Set(['nf_conntrack']), hasIp: false }, 'modules', 'ok', /not known: there is no ip/],
  [{ routes: [], hasIp: false }, 'routes', 'ok', /not compared: there is no ip/],
  [{ sysctls: {} }, 'forwarding', 'ok', /will be set by the daemon/],
  [{ sysctls: { 'net.ipv4.conf.all.rp_filter': '1' } }, 'reverse path', 'warning', /strict/, /rp_filter=2/],
  [{ sysctls: { 'net.netfilter.nf_conntrack_max': '4096' } }, 'connection tracking', 'warning', /4096/, /131072/],
  [{ sysctls: {} }, 'connection tracking', 'ok', /not loaded/],
  [{ listening: new Set(['tcp/179', 'udp/4789']) }, 'ports', 'failure', /tcp\/179, udp\/4789/, /listenPort.*vxlanPort/],
  [{ listening: new Set(['udp/3784', 'udp/4784']) }, 'ports', 'ok', /^tcp\/179, tcp\/9099, udp\/4789 are free/],
  [
    { listening: new Set(['udp/3784', 'udp/4784']), isBfdAsked: true },
    'ports',
    'failure',
    /udp\/3784, udp\/4784/,
    /BFD: end the other BFD speaker.*failureDetectionMode/,
  ],
  [{ isBfdAsked: true }, 'ports', 'ok', /udp\/3784, udp\/4784 are free/],
  [{ listening: new Set(['tcp/179']), isOursRunning: true }, 'ports', 'ok', /our own/],
  [{ links: [{ name: 'eth0', mtu: 1300, isUp: true }] }, 'mtu', 'warning', /1300 at eth0/, /mtu 1500/],
  [{ links: [{ name: 'cali1', mtu: 1500, isUp: true }] }, 'mtu', 'failure', /no uplink/],
  [{ processes: new Set(['calico-node']) }, 'other networks', 'failure', /Calico runs/, /Moving from Calico/],
  [{ processes: new Set(['flanneld']) }, 'other networks', 'failure', /Flannel runs/, /end it/],
  [
    { links: [...GOOD.links, { name: 'cilium_host', mtu: 1500, isUp: true }] },
    'other networks',
    'warning',
    /Cilium are left: cilium_host/,
    /ip link delete/,
  ],
  [
    {
      cniConfigs: [
        { file: '05-cilium.conflist', types: ['cilium-cni'] },
        { file: '10-vrouter.conflist', types: ['calico'] },
      ],
    },
    'other networks',
    'warning',
    /05-cilium\.conflist \(cilium-cni\) first/,
  ],
  [{ cniConfigs: [{ file: '10-x.conflist', types: ['calico', 'portmap'] }] }, 'other networks', 'ok', /none/],
  [
    { processes: new Set(['NetworkManager']) },
    'NetworkManager',
    'warning',
    /takes their routes/,
    /interface-name:cali\*/,
  ],
  [
    { processes: new Set(['NetworkManager']), unmanaged: 'unmanaged-devices=interface-name:cali*' },
    'NetworkManager',
    'ok',
    /alone/,
  ],
  [{ processes: new Set(['firewalld']) }, 'firewalls', 'warning', /firewalld runs/],
  [
    { routes: [{ destination: '10.244.7.0/24', device: 'eth1', protocol: 'static' }] },
    'routes',
    'failure',
    /10\.244\.7\.0\/24 dev eth1/,
    /overlap/,
  ],
  [
    { routes: [{ destination: '10.0.0.0/8', device: 'eth1', protocol: 'static' }] },
    'routes',
    'failure',
    /10\.0\.0\.0\/8/,
  ],
  [{ routes: [{ destination: '10.244.7.9', device: 'cali1', protocol: 'boot' }] }, 'routes', 'ok', /none/],
  [{ routes: [{ destination: '10.244.7.0/26', device: 'eth0', protocol: 'bird' }] }, 'routes', 'ok', /none/],
  [{ pools: { failure: 'no answer' } }, 'routes', 'ok', /not compared/],
  [{ now: 0 }, 'clock', 'failure', /1970/, /certificates/],
  [{ isClockSet: false }, 'clock', 'warning', /set by nobody/, /chrony/],
  [{ isClockSet: undefined }, 'clock', 'ok', /2026/],
  [{ pools: { failure: 'etcd does not answer' } }, 'datastore', 'failure', /etcd does not answer/, /DATASTORE_TYPE/],
];

t.test('a good host passes every check', (t) => {
  t.same(
    judge(GOOD).filter(({ result }) => result !== 'ok'),
    [],
  );
  t.end();
});

t.test('each fault is told with what to do, and no other check is troubled by it', (t) => {
  for (const [other, check, result, detail, next] of ROWS) {
    const found = judge({ ...GOOD, ...other }).find((one) => one.check === check);
    t.match(found, { result, detail, ...(next && { next }) }, `${check}: ${detail}`);
    t.equal(found?.next !== undefined, result !== 'ok', 'advice where something is wrong, and only there');
  }
  const told = new Set(ROWS.map(([, check]) => check));
  t.same(
    judge(GOOD).filter(({ check }) => !told.has(check)),
    [],
    'no check is left out of the table',
  );
  t.end();
});

t.test('whether BFD is asked for is what the peers in the datastore say', async (t) => {
  const database = new MemoryDatabase();
  const store = new MemoryStore({ database });
  const openStore = async () => new MemoryStore({ database });
  const exec = async () => ({ code: 1, output: '' });
  const saysFree = async (): Promise<boolean> => {
    const { stdout } = await beside(t, runCheck, [], undefined, GOOD.now, { openStore, exec });
    return /udp\/4784/.test(stdout);
  };
  await store.create(newResource('BGPPeer', { name: 'tor' }, { peerIP: '192.0.2.1', asNumber: 64_999 } as object));
  t.equal(await saysFree(), false);
  await store.create(
    newResource('BGPPeer', { name: 'other' }, {
      peerIP: '192.0.2.2',
      asNumber: 64_999,
      failureDetectionMode: 'BFDIfDirectlyConnected',
    } as object),
  );
  t.equal(await saysFree(), true);
});

t.test('this host is looked at, and the exit code says whether it will do', async (t) => {
  const openStore = async () => new MemoryStore({ database: new MemoryDatabase() });
  const exec = async (command: string) => ({ code: command === 'nft' ? 127 : 1, output: `${command}: not found\n` });
  const without = await beside(t, runCheck, [], undefined, GOOD.now, { openStore, exec });
  t.equal(without.code, 1);
  t.match(without.stdout, /^failure {3}nft {18}there is no nft\n {31}→ install the package nftables$/m);
  t.match(without.stdout, /^ok {8}datastore {12}answers; 0 pools$/m);
  const json = await beside(t, runCheck, ['-o', 'json'], undefined, GOOD.now, { openStore });
  t.match(JSON.parse(json.stdout), { length: judge(GOOD).length });
  t.equal((await beside(t, runCheck, ['-o', 'xml'], undefined, 0)).code, 2);
});
