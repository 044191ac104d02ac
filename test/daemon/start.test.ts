import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLog } from '../../src/base/index.ts';
import { ControlServer } from '../../src/control/index.ts';
import { requireCapabilities } from '../../src/daemon/capabilities.ts';
import { SqliteStore } from '../../src/datastore/index.ts';
import { newResource } from '../../src/model/index.ts';
import { MAIN } from '../cluster/program.ts';
import { needsRoot } from '../fakes/namespaces.ts';

// Starting a process is mostly waiting for it.
t.jobs = 4;
// Processes that wait for a busy machine: the runner ends what makes no progress.
t.setTimeout(0);

/** A method that finds nothing: the start waits before anything of the kernel is touched. */
const NOWHERE = 'interface=^no-such-interface$';

interface Case {
  readonly kind: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** What makes it so; resolves with further settings. */
  readonly prepare?: (t: Test, folder: string) => Promise<Readonly<Record<string, string>>>;
  /** Commands of root, which make it so for this daemon alone: in network and mount namespaces of its own. */
  readonly alone?: (folder: string) => readonly string[];
  /** What the log names: the reason, and what to do next. */
  readonly says: RegExp;
}

/** What can't come by itself ends the process with code 1, at once. */
const FATAL: readonly Case[] = [
  { kind: 'a name that is none', env: { NODENAME: 'a_b' }, says: /NODENAME='a_b'.*allowed is a DNS name/ },
  { kind: 'an AS number of 33 bits', env: { AS: '4294967296' }, says: /AS='4294967296'.*to 4294967295/ },
  { kind: 'a router id of a group', env: { CALICO_ROUTER_ID: '224.0.0.1' }, says: /CALICO_ROUTER_ID=.*or 'hash'/ },
  { kind: 'a pool with host bits', env: { CALICO_IPV4POOL_CIDR: '10.1.1.0/16' }, says: /_CIDR=.*strictly masked/ },
  {
    kind: 'two encapsulations',
    env: { CALICO_IPV4POOL_IPIP: 'Always', CALICO_IPV4POOL_VXLAN: 'Always' },
    says: /CALICO_IPV4POOL_VXLAN='Always'.*allowed is Never/,
  },
  {
    kind: 'a pool that is not wanted',
    env: { NO_DEFAULT_POOLS: 'true', CALICO_IPV4POOL_CIDR: '10.1.0.0/16' },
    says: /CALICO_IPV4POOL_CIDR=.*nothing while NO_DEFAULT_POOLS is true/,
  },
  { kind: 'a misspelt setting', args: ['--set', 'HOLD=3'], says: /HOLD \(command line\) is not a setting/ },
  { kind: 'a missing file of settings', args: ['--config', '/nonexistent.yaml'], says: /configuration file .*ENOENT/ },
  {
    kind: 'a datastore of no kind',
    env: { DATASTORE_TYPE: 'mysql' },
    says: /DATASTORE_TYPE: unknown datastore type .mysql.: kubernetes, etcdv3/,
  },
  {
    kind: 'a key that is not there',
    env: { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: 'https://127.0.0.1:1', ETCD_CA_CERT_FILE: '/nonexistent/ca' },
    says: /ca.*ENOENT|ENOENT.*ca/,
  },
  {
    kind: 'a database that can not be made',
    env: { SQLITE_PATH: '/dev/null/x/db' },
    says: /SQLITE_PATH \/dev\/null.*ENOTDIR.*name another place/,
  },
  {
    kind: 'a database where no folder can be',
    env: { SQLITE_PATH: '/proc/no/such/db' },
    says: /SQLITE_PATH \/proc\/no\/such\/db.*ENOENT.*name another place/,
  },
  {
    kind: 'a socket where no folder can be',
    env: { VROUTER_SOCKET: '/proc/no/such/s' },
    says: /socket \/proc\/no\/such\/s.*ENOENT.*VROUTER_SOCKET/,
  },
  {
    kind: 'a full disk',
    alone: (folder) => [`mount -t tmpfs -o size=8k full ${folder}/full`],
    prepare: madeFolder('full'),
    says: /full\/db.*is it full/,
  },
  {
    kind: 'a disk that is read alone',
    alone: (folder) => [`mount -t tmpfs -o ro full ${folder}/ro`],
    prepare: madeFolder('ro'),
    says: /ro\/db.*may be written, or set SQLITE_PATH/,
  },
  {
    kind: 'a database that can not be written',
    alone: (folder) => [
      `mount -t tmpfs -o size=1m db ${folder}/ro`,
      `cp ${folder}/db ${folder}/ro/db`,
      `mount -o remount,ro ${folder}/ro`,
    ],
    prepare: async (t, folder) => {
      await (await SqliteStore.open({ path: join(folder, 'db') })).close();
      return madeFolder('ro')(t, folder);
    },
    says: /ro\/db.*its folder exists and may be written/,
  },
  {
    kind: 'a database that is none',
    prepare: async (_, folder) => {
      writeFileSync(join(folder, 'bad'), 'this is no database'.repeat(100));
      return { SQLITE_PATH: join(folder, 'bad') };
    },
    says: /bad is damaged.*Nothing was changed/,
  },
  {
    kind: 'another daemon',
    prepare: async (t, folder) => {
      const server = await ControlServer.listen(join(folder, 's'), async () => ({}), silentLog);
      t.teardown(() => server.close());
      return {};
    },
    says: /another vrouter daemon answers on .*: stop it first/,
  },
  {
    kind: 'a socket in no folder',
    env: { VROUTER_SOCKET: '/dev/null/x/s' },
    says: /socket \/dev\/null\/x\/s.*VROUTER_SOCKET/,
  },
  {
    kind: 'a certificate that is none',
    env: { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: 'https://127.0.0.1:1', ETCD_CA_CERT_FILE: '/etc/hosts' },
    says: /etcdCACert: .*PEM/,
  },
  {
    kind: 'an API server at no URL',
    env: { DATASTORE_TYPE: 'kubernetes', K8S_API_ENDPOINT: '10.96.0.1:443' },
    says: /'10\.96\.0\.1:443' is no URL such as/,
  },
];

/** What may come by itself is waited for, and told. */
const WAITING: readonly Case[] = [
  {
    kind: 'a datastore that is away',
    env: { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: 'http://127.0.0.1:1' },
    says: /can't be reached.*ETCD_ENDPOINTS/,
  },
  {
    kind: 'a token that nobody knows yet',
    prepare: apiServer(401, 'Unauthorized'),
    says: /Unauthorized; check the .*token/,
  },
  {
    kind: 'rights that are not given yet',
    prepare: apiServer(403, 'clusterinformations is forbidden: User "x" cannot get resource'),
    says: /waiting: .*forbidden.*; check .* the rights that go with it/,
  },
  {
    kind: 'kinds that the cluster does not know yet',
    prepare: apiServer(404, 'the server could not find the requested resource'),
    says: /waiting: .*ClusterInformation\(default\).*apply deploy\/crds/,
  },
  {
    kind: 'a user that etcd does not know yet',
    env: { ETCD_USERNAME: 'calico', ETCD_PASSWORD: 'secret' },
    prepare: etcd(400, { code: 3, message: 'etcdserver: authentication failed, invalid user ID or password' }),
    says: /waiting: .*invalid user ID.*; check .*password/,
  },
  {
    kind: 'an etcd that answers nothing',
    args: ['--log-level', 'debug'],
    prepare: etcd(),
    says: /opening the datastore/,
  },
  {
    kind: 'an API server that answers nothing',
    args: ['--log-level', 'debug'],
    prepare: apiServer(),
    says: /opening the datastore/,
  },
  ...['http://etcd.example.org:2379', 'https://etcd.example.org:2379'].map((ETCD_ENDPOINTS) => ({
    kind: `a name server that answers nothing, asked for ${ETCD_ENDPOINTS}`,
    env: { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS },
    args: ['--log-level', 'debug'],
    alone: silentNameServer,
    says: /opening the datastore/,
  })),
  {
    kind: 'a name server that answers nothing, asked for members',
    env: { DATASTORE_TYPE: 'etcdv3', ETCD_DISCOVERY_SRV: 'example.org' },
    args: ['--log-level', 'debug'],
    alone: silentNameServer,
    says: /opening the datastore/,
  },
  {
    kind: 'a name server that answers nothing, asked for the health page',
    env: { FELIX_HEALTHHOST: 'health.example.org' },
    args: ['--log-level', 'debug'],
    alone: silentNameServer,
    says: /opening the datastore/,
  },
  { kind: 'no address yet', says: /waiting: no IPv4 address .*IP_AUTODETECTION_METHOD/ },
  {
    kind: 'an address that is taken',
    prepare: async (_, folder) => {
      const SQLITE_PATH = join(folder, 'db');
      const store = await SqliteStore.open({ path: SQLITE_PATH });
      await store.create(newResource('Node', { name: 'other' }, { bgp: { ipv4Address: '192.0.2.1/24' } }));
      await store.close();
      return { SQLITE_PATH, IP: '192.0.2.1/24' };
    },
    says: /waiting: .*'other' is already using.*192\.0\.2\.1.*calicoctl delete node other/,
  },
  {
    kind: 'a port that is taken',
    prepare: takenPort('FELIX_HEALTHPORT'),
    says: /health page: .*is taken by .*pid \d+.*FELIX_HEALTHPORT/,
  },
  {
    kind: 'a host nobody knows',
    env: { FELIX_HEALTHHOST: 'no.such.invalid' },
    says: /health page: .*looked up.*FELIX_HEALTHHOST/,
  },
  {
    kind: 'an address of elsewhere',
    env: { FELIX_HEALTHHOST: '192.0.2.9' },
    says: /health page: .*no interface.*FELIX_HEALTHHOST/,
  },
  {
    kind: 'a port for metrics that is taken',
    env: { FELIX_PROMETHEUSMETRICSENABLED: 'true', FELIX_PROMETHEUSMETRICSHOST: '127.0.0.1' },
    prepare: takenPort('FELIX_PROMETHEUSMETRICSPORT'),
    says: /metrics page: .*is taken by .*FELIX_PROMETHEUSMETRICSPORT/,
  },
];

function takenPort(setting: string): NonNullable<Case['prepare']> {
  return async (t) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => server.close());
    const bound = server.address();
    return { FELIX_HEALTHHOST: '127.0.0.1', [setting]: String(typeof bound === 'object' ? bound?.port : 0) };
  };
}

/** Puts the database into a folder of this name. */
function madeFolder(name: string): NonNullable<Case['prepare']> {
  return async (_, folder) => {
    mkdirSync(join(folder, name));
    return { SQLITE_PATH: join(folder, name, 'db') };
  };
}

/** What is sent to this name server goes nowhere: a look-up takes as long as the resolver pleases. */
function silentNameServer(folder: string): readonly string[] {
  return [
    'ip link add nowhere type veth peer beyond && ip addr add 192.0.2.1/24 dev nowhere',
    'ip link set nowhere up && ip link set beyond up',
    'ip neigh add 192.0.2.53 lladdr 02:00:00:00:00:01 dev nowhere',
    `echo nameserver 192.0.2.53 > ${folder}/resolv.conf`,
    `mount --bind ${folder}/resolv.conf /etc/resolv.conf`,
  ];
}

/** Refuses all, or says nothing. */
function apiServer(code?: number, message?: string): NonNullable<Case['prepare']> {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message };
  return async (t) => ({ DATASTORE_TYPE: 'kubernetes', K8S_API_ENDPOINT: await answering(t, code, status) });
}

function etcd(code?: number, body: object = {}): NonNullable<Case['prepare']> {
  return async (t) => ({ DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: await answering(t, code, body) });
}

async function answering(t: Test, code: number | undefined, body: object): Promise<string> {
  const server = createHttpServer((_, response) => {
    if (code === undefined) return;
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Started {
  readonly process: ChildProcess;
  /** All that it has written, and resolves when that matches; rejects when it ends before. */
  says(pattern: RegExp): Promise<void>;
  readonly ended: Promise<number>;
  output(): string;
}

async function started(t: Test, { env, args = [], prepare, alone }: Case): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-start-'));
  const settings = {
    PATH: process.env['PATH'],
    NODENAME: 'n1',
    DATASTORE_TYPE: 'sqlite',
    SQLITE_PATH: join(folder, 'db'),
    VROUTER_SOCKET: join(folder, 's'),
    CALICO_NODENAME_FILE: join(folder, 'nodename'),
    VROUTER_MTU_FILE: 'none',
    VROUTER_SNAPSHOT: 'none',
    VROUTER_IPAM_LEDGER: 'none',
    FELIX_HEALTHPORT: '0',
    IP: 'autodetect',
    IP_AUTODETECTION_METHOD: NOWHERE,
    ...env,
    ...(await prepare?.(t, folder)),
  };
  const daemon = [process.execPath, MAIN, 'daemon', ...args];
  const script = [...(alone?.(folder) ?? []), 'exec "$@"'].join(' && ');
  const inNamespaces = ['unshare', '--net', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'];
  const [command, ...words] = [...(alone === undefined ? [] : inNamespaces), ...daemon];
  const child = spawn(command, words, {
    env: settings,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const heard = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const hear of heard) hear();
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number);
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  });
  const says = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const hear = (): void => {
        if (pattern.test(output)) resolve();
      };
      heard.add(hear);
      hear();
      void ended.then((code) => reject(new Error(`ended with ${code} without saying ${pattern}: ${output}`)));
    });
  return { process: child, says, ended, output: () => output };
}

function options({ alone }: Case): object {
  return alone === undefined ? {} : needsRoot;
}

for (const given of FATAL) {
  t.test(`${given.kind} ends the start with code 1, and the log says what to do`, options(given), async (t) => {
    const daemon = await started(t, given);
    t.equal(await daemon.ended, 1);
    t.match(daemon.output(), given.says);
  });
}

for (const given of WAITING) {
  t.test(
    `${given.kind}: the daemon waits, the log says for what, and one SIGTERM ends it`,
    options(given),
    async (t) => {
      const daemon = await started(t, given);
      await daemon.says(given.says);
      t.equal(daemon.process.exitCode, null);
      daemon.process.kill('SIGTERM');
      t.equal(await daemon.ended, 0);
    },
  );
}

t.test('whoever can’t be a router is told by which capability', async (t) => {
  t.throws(() => requireCapabilities('CapEff:\t000001ffffffefff\n'), {
    code: 'CAPABILITY',
    message: /needs CAP_NET_ADMIN .*as root/,
  });
  t.doesNotThrow(() => requireCapabilities('CapEff:\t000001ffffffffff\n'));
  t.doesNotThrow(() => requireCapabilities(''));
});
