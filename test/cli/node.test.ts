import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { checkModules, isAtLeast, MODULES } from '../../src/cli/commands/node/system.ts';
import { kindNames } from '../../src/model/index.ts';
import { Cluster, directory, node } from './harness.ts';

t.test('node run prints the whole command when it is to run dry', async (t) => {
  const path = await directory(t, {
    'cfg.yaml':
      'apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nmetadata:\nspec:\n' +
      '  datastoreType: etcdv3\n  etcdEndpoints: http://192.0.2.9:2379\n',
  });
  const line = `node run --dryrun -c ${join(path, 'cfg.yaml')} --name n1 --ip 192.0.2.1 --as 64513 --no-default-ippools`;
  t.equal(
    (await new Cluster().run(`${line} --ip-autodetection-method=interface=eth.*`)).stdout,
    'Use the following command to start the calico/node container:\n\n' +
      'docker run --net=host --privileged --name=calico-node -d --restart=always -e NODENAME=n1 ' +
      "-e CALICO_NETWORKING_BACKEND=bird -e NO_DEFAULT_POOLS=true -e 'IP_AUTODETECTION_METHOD=interface=eth.*' " +
      '-e AS=64513 -e IP=192.0.2.1 -e DATASTORE_TYPE=etcdv3 -e ETCD_ENDPOINTS=http://192.0.2.9:2379 ' +
      '-v /var/log/calico:/var/log/calico -v /var/run/calico:/var/run/calico -v /var/lib/calico:/var/lib/calico ' +
      '-v /lib/modules:/lib/modules -v /run:/run vrouter:latest\n\n' +
      'If you are running calico/node in an init system, use the --init-system flag\n' +
      'to display the appropriate start and stop commands.\n',
  );
  t.match(
    (await new Cluster().run(`${line} --init-system`)).stdout,
    /--name=calico-node --rm .*\ndocker stop calico-node\n\n$/s,
  );
  const wrong: Readonly<Record<string, RegExp>> = {
    '--ip 2001:db8::1': /--ip is wrong IP version/,
    '--ip6 192.0.2.1': /--ip6 is wrong IP version/,
    '--ip here': /invalid IP address specified: here/,
    '--as x': /invalid AS number specified: x/,
    '--ip-autodetection-method=guess': /invalid IP autodetection method: guess/,
    '--backend=gobgp': /^invalid option/,
  };
  for (const [option, says] of Object.entries(wrong)) {
    t.match(await new Cluster().run(`node run --dryrun ${option}`), { code: 1, stderr: says }, option);
  }
});

t.test('node run starts the container anew', async (t) => {
  const ran: string[] = [];
  const exec = async (command: string, args: readonly string[]) => {
    ran.push([command, ...args.slice(0, 3)].join(' '));
    return args.includes('rm') ? { code: 1, output: '' } : { code: 0, output: 'abc' };
  };
  const { code, stdout } = await new Cluster({ exec, env: { DATASTORE_TYPE: 'kubernetes' } }).run('node run --name n1');
  t.equal(code, 0);
  t.match(stdout, /^Removing old calico-node container \(if running\)\.\nRunning the following command/);
  t.match(stdout, /Calico node started successfully\n$/);
  t.same(ran, ['docker rm -f calico-node', 'docker run --net=host --privileged']);
  const failing = new Cluster({ exec: async () => ({ code: 125, output: 'no such\nimage\n' }), env: {} });
  t.match(await failing.run('node run'), {
    code: 1,
    stderr: 'error executing command: exit status 125\n | no such\n | image\n',
  });
  t.match(await new Cluster({ uid: 1000, env: {} }).run('node run'), {
    code: 1,
    stderr: /^Need super user privileges/,
  });
});

t.test('node diags asks the machine and packs the answers', async (t) => {
  const logs = await directory(t, { 'felix.log': 'x' });
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = await directory(t, {});
  t.teardown(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  const packed: string[] = [];
  const exec = async (command: string, args: readonly string[]) => {
    if (command === 'tar') packed.push(...(await readdir(join(args[1], 'diagnostics'))));
    return command === 'nft' ? { code: 1, output: 'denied\n' } : { code: 0, output: command };
  };
  const { code, stdout } = await new Cluster({ exec }).run(`node diags --log-dir ${logs}`);
  t.equal(code, 0);
  t.match(stdout, /^Collecting diagnostics\nUsing temp dir: /);
  t.match(stdout, 'Failed to run command: nft list ruleset\nError: denied\n');
  t.match(stdout, /\nDiags saved to .*\/diags-\d{8}_\d{6}\.tar\.gz\n$/);
  t.ok(packed.includes('ipv4_route') && packed.includes('nft_ruleset') && packed.includes('logs'));
});

t.test('the kernel is recent enough, or not', async (t) => {
  t.ok(isAtLeast('6.1.0-18-amd64', '5.10'));
  t.ok(isAtLeast('5.10', '5.10'));
  t.notOk(isAtLeast('5.4.0-generic', '5.10'));
  t.notOk(isAtLeast('nonsense', '5.10'));
});

t.test('a module is found wherever it may be', async (t) => {
  const places: Readonly<Record<string, (module: string, option: string) => string>> = {
    '/lib/modules/6.1/modules.dep': (module) => `kernel/net/${module.replaceAll('_', '-')}.ko.xz:\n`,
    '/lib/modules/6.1/modules.builtin': (module) => `kernel/net/${module}.ko\n`,
    '/proc/modules': (module) => `${module} 16384 0 - Live 0x0\n`,
    '/boot/config-6.1': (_, option) => `${option}=m\n`,
  };
  for (const [place, line] of Object.entries(places)) {
    const text = Object.entries(MODULES)
      .map(([module, option]) => line(module, option))
      .join('');
    const checks = await checkModules('6.1', async (path) => (path === place ? Buffer.from(text) : undefined));
    t.ok(
      checks.every(({ found }) => found),
      place,
    );
  }
  const named = await checkModules(
    '6.1',
    async (path) => (path === '/my' ? Buffer.from('CONFIG_VETH=y\n') : undefined),
    '/my',
  );
  t.same(
    named.filter(({ found }) => found),
    [{ module: 'veth', found: true }],
  );
});

t.test('cluster diags packs every kind and a check of IPAM', async (t) => {
  const cwd = await directory(t, {});
  const kept = join(cwd, 'kept');
  await mkdir(kept);
  const exec = async (command: string, args: readonly string[]) => {
    if (command === 'kubectl') return { code: 127, output: '' };
    const from = join(args[1], 'calico-diagnostics');
    for (const file of await readdir(from)) t.ok((await readFile(join(from, file), 'utf8')) !== '', file);
    const files = await readdir(from);
    t.same(
      files.filter((file) => file.endsWith('.yaml')).sort(),
      kindNames.map((kind) => `${kind.toLowerCase()}.yaml`).sort(),
    );
    t.ok(files.includes('ipam-check.txt'));
    return { code: 0, output: '' };
  };
  const cluster = new Cluster({ exec, cwd });
  await cluster.put(node('n1'));
  const { code, stdout } = await cluster.run('cluster diags');
  t.equal(code, 0);
  t.match(stdout, `Diagnostic bundle available at ${join(cwd, 'calico-diagnostics.tar.gz')}\n`);
  t.match(stdout, 'No Kubernetes cluster within reach');
  t.match(await cluster.run('cluster diags --since=long'), { code: 1, stderr: /invalid duration for --since/ });
  t.match(await cluster.run('cluster diags --max-logs=x'), { code: 1, stderr: /invalid value for --max-logs/ });
});
