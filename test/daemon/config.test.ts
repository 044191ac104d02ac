import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readConfig, SETTINGS } from '../../src/daemon/config.ts';

const NAME = { NODENAME: 'n1' };

t.test('defaults are Calico’s', async (t) => {
  t.match(await readConfig(NAME), {
    NODENAME: 'n1',
    CALICO_IPV4POOL_BLOCK_SIZE: 26,
    CALICO_IPV4POOL_IPIP: 'Never',
    CALICO_IPV4POOL_VXLAN: 'Never',
    CALICO_IPV4POOL_NAT_OUTGOING: true,
    CALICO_IPV4POOL_NODE_SELECTOR: 'all()',
    NO_DEFAULT_POOLS: false,
    IP_AUTODETECTION_METHOD: 'first-found',
    FELIX_INTERFACEPREFIX: 'cali',
    FELIX_HEALTHPORT: 9099,
  });
});

t.test('flags come before the environment, the environment before the file', async (t) => {
  const file = join(t.testdir(), 'vrouter.yaml');
  writeFileSync(file, 'NODENAME: from-file\nVROUTER_BGP_HOLD_TIME: 30\nFELIX_HEALTHPORT: 1111\n');
  const config = await readConfig({ NODENAME: 'from-env', FELIX_HEALTHPORT: '2222' }, { NODENAME: 'from-flag' }, file);
  t.match(config, { NODENAME: 'from-flag', FELIX_HEALTHPORT: 2222, VROUTER_BGP_HOLD_TIME: 30 });
});

/** Each setting that can be wrong: a wrong value, and a part of what is said to be allowed. */
const WRONG: Readonly<Record<string, readonly [value: string, allowed: string]>> = {
  NODENAME: ['not a name!', 'DNS name'],
  IP: ['10.0.0', 'IPv4 address'],
  IP6: ['10.0.0.1', 'IPv6 address'],
  IP_AUTODETECTION_METHOD: ['magic', 'first-found'],
  IP6_AUTODETECTION_METHOD: ['cidr=', 'first-found'],
  AS: ['sixty', 'AS number'],
  CALICO_ROUTER_ID: ['::1', 'dotted quad'],
  CALICO_NETWORKING_BACKEND: ['gobgp', 'bird'],
  CALICO_ADVERTISE_CLUSTER_IPS: ['10.96.0.0/12,10.97', 'separated by commas'],
  NO_DEFAULT_POOLS: ['perhaps', 'true or false'],
  DISABLE_NODE_IP_CHECK: ['2', 'true or false'],
  WAIT_FOR_DATASTORE: ['maybe', 'true or false'],
  CALICO_IPV4POOL_CIDR: ['10.0.0.0', 'CIDR'],
  CALICO_IPV4POOL_BLOCK_SIZE: ['33', '20 to 32'],
  CALICO_IPV4POOL_IPIP: ['Sometimes', 'CrossSubnet'],
  CALICO_IPV4POOL_VXLAN: ['Sometimes', 'CrossSubnet'],
  CALICO_IPV4POOL_NAT_OUTGOING: ['ja', 'true or false'],
  CALICO_IPV4POOL_NODE_SELECTOR: ['zone==west', 'invalid selector'],
  CALICO_IPV6POOL_NODE_SELECTOR: ['has(', 'invalid selector'],
  CALICO_IPV4POOL_DISABLE_BGP_EXPORT: ['ja', 'true or false'],
  CALICO_IPV6POOL_CIDR: ['fd00::', 'CIDR'],
  CALICO_IPV6POOL_BLOCK_SIZE: ['115', '116 to 128'],
  CALICO_IPV6POOL_VXLAN: ['Sometimes', 'CrossSubnet'],
  CALICO_IPV6POOL_NAT_OUTGOING: ['ja', 'true or false'],
  CALICO_IPV6POOL_DISABLE_BGP_EXPORT: ['ja', 'true or false'],
  FELIX_INTERFACEPREFIX: ['much-too-long', 'one to four'],
  FELIX_HEALTHHOST: ['local host', 'a host name or an address'],
  FELIX_PROMETHEUSMETRICSHOST: ['[::1]', 'a host name or an address'],
  VROUTER_PAGE_HOST: ['http://x', 'a host name or an address'],
  VROUTER_SOCKET: [`/${'s'.repeat(107)}`, 'at most 107 octets'],
  FELIX_DEFAULTENDPOINTTOHOSTACTION: ['let', 'DROP, RETURN or ACCEPT'],
  FELIX_IPTABLESFILTERDENYACTION: ['let', 'DROP or REJECT'],
  FELIX_NFTABLESFILTERDENYACTION: ['let', 'DROP or REJECT'],
  FELIX_LOGSEVERITYSCREEN: ['loud', 'debug'],
  FELIX_HEALTHPORT: ['70000', '0 to 65535'],
  FELIX_PROMETHEUSMETRICSENABLED: ['ja', 'true or false'],
  FELIX_PROMETHEUSMETRICSPORT: ['-1', '0 to 65535'],
  FELIX_ROUTEREFRESHINTERVAL: ['often', '0 to 86400'],
  VROUTER_BGP_HOLD_TIME: ['2', '3 to 65535'],
  VROUTER_BGP_MAX_RESTART_TIME: ['4096', '0 to 4095'],
  VROUTER_BGP_MAX_STALE_TIME: ['16777216', '0 to 16777215'],
  VROUTER_BGP_GRACEFUL_NOTIFICATION: ['ja', 'true or false'],
  VROUTER_METRIC_ALIASES: ['felix,typha', 'felix, calico, frr, bird'],
  VROUTER_POLICY_DROP_EVENTS: ['ja', 'true or false'],
  VROUTER_POLICY_RULE_COUNTERS: ['ja', 'true or false'],
  VROUTER_BGP_CONNECT_RETRY_TIME: ['0', '1 to 65535'],
  VROUTER_BGP_RESTART_TIME: ['5000', '0 to 4095'],
  VROUTER_PAGE: ['ja', 'true or false'],
  VROUTER_PAGE_PORT: ['65536', '0 to 65535'],
  VROUTER_PATH_PROBE_INTERVAL: ['5s', '0 to 3600'],
  VROUTER_PATH_PROBE_PORT: ['0', '1 to 65535'],
  VROUTER_SNAPSHOT_MAX_AGE: ['-1', '0 to 31536000'],
};

/** Settings that take any text. */
const FREE = [
  'CALICO_K8S_NODE_REF',
  'CALICO_NODENAME_FILE',
  'CLUSTER_TYPE',
  'VROUTER_IPAM_LEDGER',
  'VROUTER_MTU_FILE',
  'VROUTER_PAGE_TLS_CERT',
  'VROUTER_PAGE_TLS_KEY',
  'VROUTER_PAGE_TOKEN_FILE',
  'VROUTER_SNAPSHOT',
];

t.test('every setting is either free text or has a wrong value here', async (t) => {
  t.same([...Object.keys(WRONG), ...FREE].sort(), [...SETTINGS].sort());
});

for (const [name, [value, allowed]] of Object.entries(WRONG)) {
  t.test(`${name}='${value}' is refused by name, with what is allowed`, async (t) => {
    const thrown = (await t.rejects(readConfig({ ...NAME, [name]: value }), { code: 'CONFIG' })) as Error;
    t.match(thrown.message, `${name}='`);
    t.match(thrown.message, '(environment)');
    t.match(thrown.message, allowed);
  });
}

/** Values that look right, and would fail later: at the first start in a cluster, or in everybody else's eyes. */
const SUBTLE: readonly (readonly [name: string, value: string])[] = [
  ['AS', '0'],
  ['AS', '4294967296'],
  ['IP', '0.0.0.0'],
  ['IP', '224.0.0.1/24'],
  ['IP', '255.255.255.255'],
  ['IP6', '::'],
  ['IP6', 'fe80::1/64'],
  ['IP6', 'ff02::1'],
  ['IP6', '::ffff:10.0.0.1'],
  ['FELIX_INTERFACEPREFIX', 'vxla'],
  ['FELIX_INTERFACEPREFIX', 'lo'],
  ['IP_AUTODETECTION_METHOD', 'can-reach=8.8.8.8/24'],
  ['IP6_AUTODETECTION_METHOD', 'can-reach=a b'],
  ['AS', '70000.1'],
  ['AS', '1.65536'],
  ['AS', '0.0'],
  ['CALICO_ROUTER_ID', '0.0.0.0'],
  ['CALICO_ROUTER_ID', '224.0.0.1'],
  ['CALICO_ROUTER_ID', '239.255.255.255'],
  ['CALICO_IPV4POOL_CIDR', '10.244.1.0/16'],
  ['CALICO_IPV4POOL_CIDR', '10.244.0.0/27'],
  ['CALICO_IPV4POOL_CIDR', '169.254.0.0/16'],
  ['CALICO_IPV4POOL_CIDR', 'fd00::/48'],
  ['CALICO_IPV6POOL_CIDR', '10.0.0.0/16'],
  ['CALICO_IPV6POOL_CIDR', 'fd00::1/48'],
  ['CALICO_IPV6POOL_CIDR', 'fd00::/123'],
  ['CALICO_IPV4POOL_NODE_SELECTOR', "zone == 'west"],
  ['IP_AUTODETECTION_METHOD', 'cidr=10.0.0.0'],
  ['IP_AUTODETECTION_METHOD', 'cidr=10.0.0.0/8,fd00::/8'],
  ['IP_AUTODETECTION_METHOD', 'interface=eth(0'],
  ['IP_AUTODETECTION_METHOD', 'interface=eth0,*'],
  ['IP_AUTODETECTION_METHOD', 'interface=eth(?!0)'],
  ['IP_AUTODETECTION_METHOD', 'skip-interface=['],
  ['IP_AUTODETECTION_METHOD', 'can-reach='],
  ['IP_AUTODETECTION_METHOD', 'can-reach=fd00::1'],
  ['IP_AUTODETECTION_METHOD', 'kubernetes-internal-ip=1'],
  ['IP6_AUTODETECTION_METHOD', 'cidr=10.0.0.0/8'],
  ['NODENAME', 'a..b'],
  ['NODENAME', 'node-'],
  ['NODENAME', 'n'.repeat(254)],
];

for (const [name, value] of SUBTLE) {
  t.test(`${name}='${value.slice(0, 40)}' is refused before anything is written`, async (t) => {
    await t.rejects(readConfig({ ...NAME, [name]: value }), {
      code: 'CONFIG',
      message: `${name}='${value.slice(0, 80)}`,
    });
  });
}

t.test('two pages of the daemon’s own can’t have one port', async (t) => {
  const metrics = { ...NAME, FELIX_PROMETHEUSMETRICSENABLED: 'true', FELIX_PROMETHEUSMETRICSPORT: '9099' };
  const says =
    "FELIX_PROMETHEUSMETRICSPORT='9099' (environment) is not valid: allowed is another port than that of FELIX_HEALTHPORT";
  await t.rejects(readConfig(metrics), { code: 'CONFIG', message: says });
  await t.rejects(readConfig({ ...NAME, VROUTER_PAGE_HOST: '127.0.0.1', VROUTER_PAGE_PORT: '9099' }), {
    message: 'another port than that of FELIX_HEALTHPORT',
  });
  await t.resolves(readConfig({ ...metrics, FELIX_HEALTHHOST: '10.0.0.1', FELIX_PROMETHEUSMETRICSHOST: '10.0.0.2' }));
  await t.resolves(readConfig({ ...metrics, FELIX_PROMETHEUSMETRICSENABLED: 'false' }));
  await t.resolves(readConfig({ ...metrics, FELIX_HEALTHPORT: '0', FELIX_PROMETHEUSMETRICSPORT: '0' }));
});

t.test('blanks around a value are none of it', async (t) => {
  const blank = { NODENAME: 'n1 ', IP: ' 10.0.0.1/24 ', AS: '64512\n', CALICO_IPV4POOL_VXLAN: 'Always ' };
  t.match(await readConfig(blank), { NODENAME: 'n1', IP: '10.0.0.1/24', AS: '64512', CALICO_IPV4POOL_VXLAN: 'Always' });
});

t.test('of a value that is no number it is said once', async (t) => {
  const thrown = (await t.rejects(readConfig({ ...NAME, VROUTER_BGP_HOLD_TIME: '90s' }))) as Error;
  t.equal(thrown.message.split('\n').length, 1);
  t.ok(((await t.rejects(readConfig({ ...NAME, AS: 'x'.repeat(100_000) }))) as Error).message.length < 1000);
});

t.test('what has a wider range than it looks is taken', async (t) => {
  const right: readonly (readonly [string, string])[] = [
    ['AS', '4294967295'],
    ['AS', '65535.65535'],
    ['CALICO_ROUTER_ID', '240.0.0.1'],
    ['CALICO_IPV4POOL_CIDR', '10.244.0.0/26'],
    ['IP_AUTODETECTION_METHOD', 'can-reach=gateway.example'],
    ['IP_AUTODETECTION_METHOD', 'cidr=10.0.0.0/8, 192.168.0.0/16'],
    ['IP_AUTODETECTION_METHOD', 'interface=eth.*,^ens[0-9]+$'],
    ['IP_AUTODETECTION_METHOD', 'interface=(?i)ETH,^ens[[:digit:]]$'],
    ['CALICO_IPV4POOL_VXLAN', 'Always'],
  ];
  for (const [name, value] of right) await t.resolves(readConfig({ ...NAME, [name]: value }), `${name}=${value}`);
});

t.test('yes and no are read as Go reads them', async (t) => {
  for (const [spellings, meaning] of [
    [['1', 't', 'T', 'TRUE', 'true', 'True'], true],
    [['0', 'f', 'F', 'FALSE', 'false', 'False'], false],
  ] as const) {
    for (const text of spellings) {
      t.equal(
        (await readConfig({ ...NAME, CALICO_IPV4POOL_NAT_OUTGOING: text })).CALICO_IPV4POOL_NAT_OUTGOING,
        meaning,
      );
    }
  }
});

t.test('pools that are not wanted can’t be described', async (t) => {
  const none = { ...NAME, NO_DEFAULT_POOLS: 'true' };
  for (const name of ['CALICO_IPV4POOL_CIDR', 'CALICO_IPV6POOL_CIDR']) {
    const cidr = name.includes('4') ? '10.0.0.0/16' : 'fd00::/48';
    await t.rejects(readConfig({ ...none, [name]: cidr }), { message: `${name}='${cidr}'` });
    await t.resolves(readConfig({ ...none, [name]: 'none' }));
  }
});

t.test('several wrong values are all named at once', async (t) => {
  await t.rejects(readConfig({ ...NAME, AS: 'x', IP: 'y' }), { message: /IP='y'.*\n.*AS='x'/ });
});

t.test('a pool can’t have two encapsulations', async (t) => {
  await t.rejects(readConfig({ ...NAME, CALICO_IPV4POOL_IPIP: 'Always', CALICO_IPV4POOL_VXLAN: 'Always' }), {
    message: /CALICO_IPV4POOL_VXLAN='Always'.*Never/,
  });
});

t.test('a misspelt setting in a file or flag is refused; strangers in the environment are not ours', async (t) => {
  const file = join(t.testdir(), 'vrouter.yaml');
  writeFileSync(file, 'NODENAM: x\n');
  await t.rejects(readConfig({}, {}, file), { message: /NODENAM / });
  await t.rejects(readConfig({}, { HOLD: '3' }), { message: /HOLD \(command line\)/ });
  await t.resolves(readConfig({ ...NAME, SHELL: '/bin/sh' }));
});

t.test('a file that is not there, is no YAML, or is no map of settings says so', async (t) => {
  const dir = t.testdir({ bad: 'a: [', list: '- NODENAME\n', empty: '' });
  await t.rejects(readConfig(NAME, {}, join(dir, 'none')), { message: /configuration file .*none/ });
  await t.rejects(readConfig(NAME, {}, join(dir, 'bad')), { message: /configuration file .*bad/ });
  await t.rejects(readConfig(NAME, {}, join(dir, 'list')), { message: /expected lines such as/ });
  t.equal((await readConfig(NAME, {}, join(dir, 'empty'))).NODENAME, 'n1');
});

t.test('the node is called as it was before, else as the host is', async (t) => {
  const file = join(t.testdir({ nodename: 'Old-Name\n' }), 'nodename');
  t.equal((await readConfig({ CALICO_NODENAME_FILE: file })).NODENAME, 'Old-Name');
  t.equal((await readConfig({ CALICO_NODENAME_FILE: `${file}-none`, HOSTNAME: 'Host1' })).NODENAME, 'host1');
});

t.test('a name keeps its case; a blank one is none', async (t) => {
  t.equal((await readConfig({ NODENAME: ' Node-1.Example ' })).NODENAME, 'Node-1.Example');
  const none = join(t.testdir(), 'none');
  t.equal((await readConfig({ NODENAME: ' ', HOSTNAME: 'Host1', CALICO_NODENAME_FILE: none })).NODENAME, 'host1');
});
