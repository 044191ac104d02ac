import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import t from 'tap';
import { SUPPORTED_VERSIONS } from '../../src/cni/input.ts';
import { readConfig } from '../../src/daemon/config.ts';
import { readDatastoreConfig } from '../../src/datastore/index.ts';

t.test('vrouter.service starts this daemon, with what it needs and no more', async (t) => {
  const unit = parseUnit(readFileSync('deploy/vrouter.service', 'utf8'));
  const { Service } = unit;
  t.same(Object.keys(unit), ['Unit', 'Service', 'Install']);
  t.equal(Service['ExecStart'], '/opt/vrouter/dist/bin/vrouter daemon');
  t.match(readFileSync('deploy/README.md', 'utf8'), 'deploy/install.sh /opt/vrouter');
  t.equal(Service['EnvironmentFile'], '-/etc/vrouter/vrouter.env');
  for (const capability of ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_NET_BIND_SERVICE', 'CAP_SYS_ADMIN']) {
    t.match(Service['CapabilityBoundingSet'], capability);
  }
  for (const key of ['MemoryDenyWriteExecute', 'ProtectKernelTunables']) t.equal(Service[key], undefined, `no ${key}`);
  for (const key of ['NoNewPrivileges', 'PrivateTmp', 'PrivateDevices', 'ProtectKernelModules', 'LockPersonality']) {
    t.equal(Service[key], 'yes', key);
  }
  t.match(Service['RestrictAddressFamilies'], /AF_UNIX.*AF_INET.*AF_INET6.*AF_NETLINK/);
  t.match(Service, { Type: 'notify', NotifyAccess: 'main' });
  t.ok(Number(Service['WatchdogSec']) >= 10, 'a beat a second is never too late on a busy node');
});

t.test('systemd’s own measure of the unit’s exposure is at most 3.0', async (t) => {
  const args = ['security', '--offline=true', '--no-pager', 'deploy/vrouter.service'];
  const said = execFileSync('systemd-analyze', args, { encoding: 'utf8' });
  const exposure = /Overall exposure level for vrouter\.service: ([\d.]+)/.exec(said)?.[1];
  t.ok(Number(exposure) <= 3, `exposure ${exposure}`);
});

t.test('systemd finds nothing wrong with the unit but that nothing is installed here', async (t) => {
  const { error, stderr } = spawnSync('systemd-analyze', ['verify', './deploy/vrouter.service'], { encoding: 'utf8' });
  t.equal(error, undefined, 'systemd-analyze runs');
  const complaints = stderr
    .split('\n')
    .filter((line) => line.includes('vrouter.service') && !line.includes('is not executable'));
  t.same(complaints, []);
});

t.test('vrouter.env holds settings that the daemon knows, also where they are commented out', async (t) => {
  const text = readFileSync('deploy/vrouter.env', 'utf8');
  const active = parseEnvironment(text);
  t.equal((await readConfig(active)).CALICO_IPV4POOL_CIDR, '10.244.0.0/16');
  t.equal((await readDatastoreConfig({ env: active, defaultFile: '/none' })).type, 'etcdv3');
  const all = parseEnvironment(text.replace(/^#(?=[A-Z_0-9]+=)/gm, ''));
  t.ok(Object.keys(all).length > Object.keys(active).length);
  // On the command line an unknown setting is refused; datastore settings are read elsewhere.
  const overrides = Object.fromEntries(Object.entries(all).filter(([name]) => !/^(DATASTORE|ETCD|KUBE)/.test(name)));
  t.equal((await readConfig({}, overrides)).NODENAME, 'node1');
});

t.test('the CNI network names the plugin, in a version that it speaks', async (t) => {
  const network = JSON.parse(readFileSync('deploy/10-vrouter.conflist', 'utf8'));
  t.ok(SUPPORTED_VERSIONS.includes(network.cniVersion));
  t.equal(network.plugins[0].type, 'calico');
  t.equal(network.plugins[0].ipam.type, 'calico-ipam');
});

t.test('the Dockerfile builds from what is here, on bases that can be chosen', async (t) => {
  const lines = readFileSync('Dockerfile', 'utf8').replace(/\\\n/g, ' ').split('\n');
  const instructions = lines.filter((line) => /^[A-Z]+ /.test(line)).map((line) => line.split(/ (.*)/s, 2));
  const of = (name: string): string[] => instructions.filter(([word]) => word === name).map(([, rest]) => rest);
  t.same(
    of('FROM').map((base) => base.replace(/\W+/g, ' ').trim()),
    ['BUILD_IMAGE AS build', 'BASE_IMAGE'],
  );
  for (const argument of ['BUILD_IMAGE', 'BASE_IMAGE']) t.ok(of('ARG').some((line) => line.startsWith(`${argument}=`)));
  t.ok(of('COPY').includes('. .'));
  const [all, ...kept] = readFileSync('.dockerignore', 'utf8').trimEnd().split('\n');
  t.equal(all, '*');
  for (const name of kept) t.ok(existsSync(name.replace(/^!/, '')), name);
  t.same(of('ENTRYPOINT'), ['["/opt/vrouter/dist/bin/vrouter"]']);
  t.same(of('CMD'), ['["daemon"]']);
});

t.test('shell scripts parse as POSIX sh, and say how they are called', async (t) => {
  for (const script of ['.ci/run', 'test/fresh/run.sh', ...globSync('deploy/*.sh')]) execFileSync('sh', ['-n', script]);
  const wrong = spawnSync('sh', ['deploy/setup.sh', 'everything'], { encoding: 'utf8' });
  t.equal(wrong.status, 1);
  t.match(wrong.stderr, "unknown verb 'everything': use build, check, lab, test or fresh");
  t.not(spawnSync('sh', ['deploy/install.sh'], { encoding: 'utf8' }).status, 0);
});

t.test(
  'npm 9, which Debian 12 has, takes the lockfile: it knows no other package in place of an overridden one',
  async (t) => {
    const values = (tree: object): unknown[] =>
      Object.values(tree).flatMap((value) => (typeof value === 'object' ? values(value) : value));
    for (const value of values(JSON.parse(readFileSync('package.json', 'utf8')).overrides)) {
      t.match(value, /^[\^~]?[0-9.]+$/);
    }
  },
);

t.test('no host is named where packages come from: npm and apt know theirs', async (t) => {
  for (const file of ['package.json', '.npmrc', 'Dockerfile', ...globSync('deploy/*.{sh,ts,service}')]) {
    t.notMatch(readFileSync(file, 'utf8'), /https?:\/\//, file);
  }
});

function parseUnit(text: string): Record<string, Record<string, string>> {
  const unit: Record<string, Record<string, string>> = {};
  let section = '';
  for (const line of text.split('\n')) {
    const header = /^\[(\w+)\]$/.exec(line);
    const setting = /^(\w+)=(.*)$/.exec(line);
    if (header) unit[(section = header[1])] = {};
    // A setting that comes twice is a list, as systemd reads it.
    else if (setting) unit[section][setting[1]] = [unit[section][setting[1]], setting[2]].filter(Boolean).join(' ');
    else if (line !== '' && !line.startsWith('#')) throw new Error(`not a line of a unit: ${line}`);
  }
  return unit;
}

function parseEnvironment(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2)));
}

t.test('wherever the daemon is set up the default pool is the same, and the READMEs say which', async (t) => {
  const manifest = readFileSync('deploy/vrouter.yaml', 'utf8');
  const places: Readonly<Record<string, readonly string[]>> = {
    'deploy/vrouter.env': [
      ...readFileSync('deploy/vrouter.env', 'utf8').matchAll(/^CALICO_IPV4POOL_(?:IPIP|VXLAN)=\S+/gm),
    ].map(String),
    'README.md': [...readFileSync('README.md', 'utf8').matchAll(/CALICO_IPV4POOL_(?:IPIP|VXLAN)=\S+/g)].map(String),
    'deploy/vrouter.yaml': [...manifest.matchAll(/name: (CALICO_IPV4POOL_(?:IPIP|VXLAN))\s+value: (\S+)/g)].map(
      ([, name, value]) => `${name}=${value}`,
    ),
  };
  for (const [place, given] of Object.entries(places)) {
    const environment = Object.fromEntries(given.map((line) => line.split('=')));
    const { CALICO_IPV4POOL_IPIP, CALICO_IPV4POOL_VXLAN } = await readConfig(environment);
    t.same([CALICO_IPV4POOL_IPIP, CALICO_IPV4POOL_VXLAN], ['Never', 'CrossSubnet'], place);
  }
  t.match(readFileSync('deploy/README.md', 'utf8'), '(`CALICO_IPV4POOL_VXLAN`: `CrossSubnet`)');
  const { CALICO_IPV4POOL_IPIP, CALICO_IPV4POOL_VXLAN } = await readConfig({});
  t.same([CALICO_IPV4POOL_IPIP, CALICO_IPV4POOL_VXLAN], ['Never', 'Never'], 'told neither word');
});

t.test('wherever the daemon is set up pods reach their node, as by Calico’s manifests', async (t) => {
  const name = 'FELIX_DEFAULTENDPOINTTOHOSTACTION';
  const manifest = readFileSync('deploy/vrouter.yaml', 'utf8');
  const places = {
    'deploy/vrouter.env': parseEnvironment(readFileSync('deploy/vrouter.env', 'utf8'))[name],
    'deploy/vrouter.yaml': new RegExp(`name: ${name}\\s+value: (\\S+)`).exec(manifest)?.[1],
  };
  for (const [place, given] of Object.entries(places)) {
    t.equal((await readConfig({ [name]: given }))[name], 'Accept', place);
  }
  t.equal((await readConfig({}))[name], undefined, 'Drop is Calico’s when nobody says anything');
});
