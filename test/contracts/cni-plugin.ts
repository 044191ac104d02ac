import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import type { Command } from '../../src/cni/input.ts';
import { cniRequest, deletionsFolder } from '../../src/control/index.ts';
import { needsRoot } from '../fakes/namespaces.ts';

const CONFIG = { cniVersion: '1.0.0', name: 'k8s-pod-network', type: 'calico' };
const VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
/** The version that allows every command. */
const NEWEST = { ...CONFIG, cniVersion: '1.1.0' };
const ENV = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'c1',
  CNI_NETNS: '/run/netns/x',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
};

const NO_DAEMON = '/nonexistent/s';

export interface Outcome {
  readonly code: number;
  readonly printed: Record<string, unknown> | undefined;
}

/** Calls the plugin with this environment, and with this text, or this as JSON, on its stdin. */
export type CallPlugin = (env: Readonly<Record<string, string>>, stdin: string) => Promise<Outcome>;

/** A daemon that gives these answers, the last one again and again, and remembers what it was asked. */
async function daemon(
  t: Test,
  ...answers: readonly object[]
): Promise<{ env: Record<string, string>; asked: Record<string, unknown>[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'vrt-'));
  const asked: Record<string, unknown>[] = [];
  const server = createServer((socket) => {
    socket.on('data', (line) => {
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      asked.push(JSON.parse(line.toString()));
      socket.write(`${JSON.stringify(answer)}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(join(directory, 's'), resolve));
  t.teardown(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  return { env: { ...ENV, VROUTER_SOCKET: join(directory, 's') }, asked };
}

const RESULT = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'cali1' }, { name: 'eth0', mac: 'aa:bb:cc:dd:ee:ff', mtu: 1500, sandbox: '/run/netns/x' }],
  ips: [{ address: '10.244.0.1/32', interface: 1 }],
};

/** What every form of the plugin does, whatever runs it. */
export function cniPlugin(t: Test, plugin: CallPlugin): void {
  const call = (env: Readonly<Record<string, string>>, stdin: unknown = CONFIG): Promise<Outcome> =>
    plugin(env, typeof stdin === 'string' ? stdin : JSON.stringify(stdin));

  t.test('a result has the shape of its version, and that of 0.1.0 where none is named', async (t) => {
    const both = {
      ...RESULT,
      ips: [...RESULT.ips, { address: 'fd00::1/128', interface: 1, gateway: 'fe80::1' }],
      dns: { nameservers: ['10.96.0.10'] },
    };
    const { env } = await daemon(t, { ok: true, result: both });
    const old = {
      ip4: { ip: '10.244.0.1/32' },
      ip6: { ip: 'fd00::1/128', gateway: 'fe80::1' },
      dns: { nameservers: ['10.96.0.10'] },
    };
    const { cniVersion: _, ...versionless } = CONFIG;
    t.same((await call(env, versionless)).printed, { cniVersion: '0.1.0', ...old });
    t.same((await call(env, { ...CONFIG, cniVersion: '0.1.0' })).printed, { cniVersion: '0.1.0', ...old });
    t.same((await call(env, { ...CONFIG, cniVersion: '0.2.0' })).printed, { cniVersion: '0.2.0', ...old });
    for (const cniVersion of ['0.3.0', '0.3.1', '0.4.0']) {
      const { printed } = await call(env, { ...CONFIG, cniVersion });
      t.match(printed, { cniVersion, ips: [{ version: '4' }, { version: '6' }], interfaces: [{ name: 'cali1' }, {}] });
    }
  });

  t.test('ADD hands the request to the daemon and prints its result', async (t) => {
    const { env, asked } = await daemon(t, { ok: true, result: RESULT });
    const { code, printed } = await call({
      ...env,
      CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop',
    });
    t.equal(code, 0);
    t.match(printed, { cniVersion: '1.0.0', ips: RESULT.ips });
    t.match(asked, [
      {
        op: 'cni.add',
        request: {
          containerId: 'c1',
          netns: '/run/netns/x',
          ifName: 'eth0',
          args: { K8S_POD_NAME: 'web', K8S_POD_NAMESPACE: 'shop' },
          config: CONFIG,
        },
      },
    ]);
  });

  t.test(
    'a namespace that is named after a process has a name of its own while the daemon works',
    needsRoot,
    async (t) => {
      const { env, asked } = await daemon(t, { ok: true, result: RESULT });
      const netns = `/proc/${process.pid}/ns/net`;
      const named = { path: /^\/run\/netns\/vrouter-\d+$/, inode: statSync(netns).ino };
      const left = '/run/netns/vrouter-999999999';
      mkdirSync('/run/netns', { recursive: true });
      writeFileSync(left, '');
      for (const CNI_COMMAND of ['ADD', 'CHECK']) {
        t.equal((await call({ ...env, CNI_COMMAND, CNI_NETNS: netns })).code, 0, CNI_COMMAND);
        t.match(asked.at(-1), { request: { netns, named } });
        const { path } = (asked.at(-1)!['request'] as { named: { path: string } }).named;
        t.notOk(existsSync(path), 'afterwards the name is gone');
      }
      t.notOk(existsSync(left), 'and what a plugin left that was killed');
      await call({ ...env, CNI_NETNS: '/proc/999999999/ns/net' });
      t.match(
        asked.at(-1),
        { request: { netns: '/proc/999999999/ns/net' } },
        'what can’t be named is the daemon’s to refuse',
      );
    },
  );

  t.test(
    'orchestrators that are not Kubernetes tell of themselves in arguments of their own, or in none',
    async (t) => {
      const { env, asked } = await daemon(t, { ok: true, result: RESULT });
      const orchestrators = {
        ctr: { args: '', names: {} },
        podman: { args: 'IgnoreUnknown=1', names: { IgnoreUnknown: '1' } },
        Nomad: {
          args: 'IgnoreUnknown=true;NOMAD_NAMESPACE=default;NOMAD_JOB_ID=web;NOMAD_ALLOC_ID=6e1f',
          names: { IgnoreUnknown: 'true', NOMAD_NAMESPACE: 'default', NOMAD_JOB_ID: 'web', NOMAD_ALLOC_ID: '6e1f' },
        },
      };
      for (const [name, { args, names }] of Object.entries(orchestrators)) {
        const { code } = await call({ ...env, CNI_ARGS: args });
        t.equal(code, 0, name);
        t.match(asked.at(-1), { op: 'cni.add', request: { containerId: 'c1', args: names } }, name);
      }
    },
  );

  t.test('the result has the shape of the version asked for', async (t) => {
    const { env } = await daemon(t, { ok: true, result: RESULT });
    const versions = {
      '0.3.1': { family: '4', mtu: undefined },
      '0.4.0': { family: '4', mtu: undefined },
      '1.0.0': { family: undefined, mtu: undefined },
      '1.1.0': { family: undefined, mtu: 1500 },
    };
    for (const [cniVersion, { family, mtu }] of Object.entries(versions)) {
      const { printed } = await call(env, { ...CONFIG, cniVersion });
      t.equal(printed?.['cniVersion'], cniVersion);
      const { ips, interfaces } = printed as { ips: { version?: string }[]; interfaces: { mtu?: number }[] };
      t.equal(ips[0].version, family, `family in ${cniVersion}`);
      t.equal(interfaces[1].mtu, mtu, `MTU in ${cniVersion}`);
    }
  });

  t.test('DEL, CHECK and STATUS print nothing when all is well; DEL needs no namespace', async (t) => {
    const { env, asked } = await daemon(t, { ok: true, result: {} });
    for (const command of ['DEL', 'CHECK', 'STATUS']) {
      t.same(await call({ ...env, CNI_COMMAND: command }, NEWEST), { code: 0, printed: undefined }, command);
    }
    const { CNI_NETNS: _, ...late } = env;
    t.same(await call({ ...late, CNI_COMMAND: 'DEL' }), { code: 0, printed: undefined });
    t.same(
      asked.map(({ op }) => op),
      ['cni.del', 'cni.check', 'cni.status', 'cni.del'],
    );
  });

  t.test('GC passes on what is still in use', async (t) => {
    const { env, asked } = await daemon(t, { ok: true, result: {} });
    await call(
      { ...env, CNI_COMMAND: 'GC' },
      { ...CONFIG, cniVersion: '1.1.0', 'cni.dev/valid-attachments': [{ containerID: 'c9', ifname: 'eth0' }] },
    );
    t.match(asked, [{ op: 'cni.gc', network: 'k8s-pod-network', valid: [{ containerId: 'c9', ifName: 'eth0' }] }]);
  });

  t.test('the daemon’s refusal is printed with its CNI code', async (t) => {
    const { env } = await daemon(t, {
      ok: false,
      error: { code: 'NO_ADDRESS', message: 'no more addresses', cniCode: 11 },
    });
    t.same(await call(env), {
      code: 1,
      printed: { cniVersion: '1.0.0', code: 11, msg: 'no more addresses', details: 'NO_ADDRESS' },
    });
  });

  t.test('VERSION answers without a daemon, in the version asked for', async (t) => {
    const { printed } = await call({ CNI_COMMAND: 'VERSION' }, { cniVersion: '1.0.0' });
    t.same(printed, { cniVersion: '1.0.0', supportedVersions: VERSIONS });
  });

  t.test('STATUS without a daemon says that the plugin is not available', async (t) => {
    const { printed } = await call({ ...ENV, CNI_COMMAND: 'STATUS', VROUTER_SOCKET: NO_DAEMON }, NEWEST);
    t.equal(printed?.['code'], 50);
  });

  t.test('a daemon that is starting is asked again', async (t) => {
    const starting = { ok: false, error: { code: 'NOT_READY', message: 'not ready: reading', cniCode: 11 } };
    const { env, asked } = await daemon(t, starting, { ok: true, result: RESULT });
    t.match(await call(env), { code: 0 });
    t.equal(asked.length, 2);
    const status = await daemon(t, starting);
    t.match((await call({ ...status.env, CNI_COMMAND: 'STATUS' }, NEWEST)).printed, {
      code: 50,
      msg: /not ready: reading/,
    });
  });

  t.test('DEL without a daemon is left on disk, once, for the daemon to find', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'vrt-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const env = { ...ENV, VROUTER_SOCKET: join(folder, 's'), CNI_COMMAND: 'DEL', CNI_NETNS: '' };
    for (const _ of ['first', 'again']) t.same(await call(env), { code: 0, printed: undefined });
    const [file, ...more] = readdirSync(deletionsFolder(join(folder, 's')));
    t.same(more, []);
    const path = join(deletionsFolder(join(folder, 's')), file);
    t.equal(statSync(path).mode & 0o777, 0o600);
    const found = cniRequest.parse(JSON.parse(readFileSync(path, 'utf8')));
    t.match(found, { containerId: 'c1', netns: '', ifName: 'eth0', config: { name: 'k8s-pod-network' } });
  });

  t.test('another IPAM plugin gives the addresses, and takes them back when the daemon refuses', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'vrt-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const script = (name: string, text: string): void => {
      writeFileSync(join(folder, name), `#!/bin/sh\ncat > /dev/null\necho $CNI_COMMAND >> ${folder}/calls\n${text}\n`);
      chmodSync(join(folder, name), 0o755);
    };
    script('host-local', `echo '{"ips":[{"address":"10.9.0.2/24"}],"routes":[{"dst":"10.0.0.0/8"}]}'`);
    script('full', `echo '{"code":100,"msg":"no addresses"}'; exit 1`);
    const config = (type: string, more = {}): object => ({ ...CONFIG, ipam: { type, ...more } });
    const calls = (): string[] => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');

    const good = await daemon(t, { ok: true, result: RESULT });
    t.equal((await call({ ...good.env, CNI_PATH: `/nonexistent:${folder}` }, config('host-local'))).code, 0);
    t.match(good.asked, [{ request: { assigned: { addresses: ['10.9.0.2/32'], routes: ['10.0.0.0/8'] } } }]);
    t.equal((await call({ ...good.env, CNI_PATH: folder, CNI_COMMAND: 'DEL' }, config('host-local'))).code, 0);
    t.same(calls(), ['ADD', 'DEL']);

    const bad = await daemon(t, { ok: false, error: { code: 'X', message: 'no', cniCode: 999 } });
    t.match((await call({ ...bad.env, CNI_PATH: folder }, config('host-local'))).printed, { code: 999, msg: 'no' });
    t.same(calls().slice(2), ['ADD', 'DEL']);

    const refused = async (ipam: object): Promise<unknown> =>
      (await call({ ...bad.env, CNI_PATH: folder }, ipam)).printed;
    t.match(await refused(config('full')), { code: 100, msg: "IPAM plugin 'full': no addresses" });
    t.match(await refused(config('absent')), { code: 7, msg: /IPAM plugin 'absent' is not in CNI_PATH/ });
    t.match(await refused(config('../x')), { code: 7, msg: /not the name of a plugin/ });
  });

  const HOST_LOCAL = '/usr/lib/cni/host-local';
  const installed = existsSync(HOST_LOCAL) || process.env['CI'] ? {} : { skip: 'it needs containernetworking-plugins' };

  t.test(
    'host-local assigns from the node’s pod CIDRs, where the configuration leaves them to the node',
    installed,
    async (t) => {
      const dataDir = mkdtempSync(join(tmpdir(), 'vrt-'));
      t.teardown(() => rmSync(dataDir, { recursive: true }));
      const ranges = [[{ subnet: 'usePodCidr' }], [{ subnet: 'usePodCidrIPv6' }]];
      const config = { ...CONFIG, ipam: { type: 'host-local', dataDir, ranges } };
      const path = { CNI_PATH: dirname(HOST_LOCAL) };
      const kept = (): string[] => readdirSync(join(dataDir, CONFIG.name)).filter((name) => /^[\da-f.:]+$/.test(name));

      const { env, asked } = await daemon(
        t,
        { ok: true, result: ['10.7.0.0/24', 'fd07::/64'] },
        { ok: true, result: RESULT },
      );
      t.equal((await call({ ...env, ...path }, config)).code, 0);
      t.match(asked, [
        { op: 'cni.pod-cidrs' },
        { op: 'cni.add', request: { config, assigned: { addresses: ['10.7.0.2/32', 'fd07::2/128'] } } },
      ]);
      t.same(kept().sort(), ['10.7.0.2', 'fd07::2']);
      t.equal((await call({ ...env, ...path, CNI_COMMAND: 'DEL' }, config)).code, 0, 'without asking for them again');
      t.same(kept(), []);

      const without = await daemon(t, { ok: true, result: ['10.7.0.0/24'] });
      t.match((await call({ ...without.env, ...path }, config)).printed, { code: 11, msg: /no IPv6 pod CIDR/ });
    },
  );

  /** What each command cannot do without, by the specification; the rest of the environment it may lack. */
  const NEEDED: Readonly<Record<Command, readonly string[]>> = {
    ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
    DEL: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
    CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
    GC: ['CNI_PATH'],
    STATUS: ['CNI_PATH'],
  };
  const FULL = { ...NEWEST, 'cni.dev/valid-attachments': [] };

  for (const [command, needed] of Object.entries(NEEDED)) {
    t.test(`${command} needs ${needed.join(', ')}, and a configuration`, async (t) => {
      const { env } = await daemon(t, { ok: true, result: RESULT });
      const variables = ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'];
      for (const variable of variables) {
        for (const value of [undefined, '']) {
          const given: Record<string, string> = { ...env, CNI_COMMAND: command, [variable]: value ?? '' };
          if (value === undefined) delete given[variable];
          const { printed } = await call(given, FULL);
          if (needed.includes(variable)) {
            t.match(printed, { code: 4, msg: `required env variables [${variable}] missing` }, `${variable}=${value}`);
          } else {
            t.notMatch(printed, { code: Number }, `${variable}=${value} is fine`);
          }
        }
      }
      const wrong: readonly (readonly [stdin: unknown, code: number])[] = [
        ['', 6],
        ['{', 6],
        ['null', 6],
        ['[]', 6],
        [{ ...FULL, cniVersion: '2.0.0' }, 1],
        [{ ...FULL, cniVersion: 1 }, 1],
        [{ ...FULL, name: undefined }, 7],
        [{ ...FULL, name: 'a b' }, 7],
      ];
      for (const [stdin, code] of wrong) {
        t.equal((await call({ ...env, CNI_COMMAND: command }, stdin)).printed?.['code'], code, JSON.stringify(stdin));
      }
    });
  }

  /** The versions of the configuration that allow a command. */
  const ALLOWED: Readonly<Record<Command, readonly string[]>> = {
    ADD: ['0.3.1', '0.4.0', '1.0.0', '1.1.0'],
    DEL: ['0.3.1', '0.4.0', '1.0.0', '1.1.0'],
    CHECK: ['0.4.0', '1.0.0', '1.1.0'],
    GC: ['1.1.0'],
    STATUS: ['1.1.0'],
  };

  for (const [command, allowed] of Object.entries(ALLOWED)) {
    t.test(`${command} is for configurations of version ${allowed.join(', ')}`, async (t) => {
      const { env } = await daemon(t, { ok: true, result: RESULT });
      for (const cniVersion of ALLOWED.ADD) {
        const { printed } = await call({ ...env, CNI_COMMAND: command }, { ...FULL, cniVersion });
        if (allowed.includes(cniVersion)) t.notMatch(printed, { code: Number }, cniVersion);
        else t.match(printed, { code: 1, msg: `config version ${cniVersion} does not allow ${command}` }, cniVersion);
      }
    });
  }

  /** Wrong input, and the code that the specification has for it. */
  const WRONG: readonly (readonly [
    what: string,
    env: Record<string, string>,
    stdin: unknown,
    code: number,
    message: RegExp,
  ])[] = [
    ['no command', { CNI_COMMAND: '' }, CONFIG, 4, /CNI_COMMAND/],
    ['an unknown command', { CNI_COMMAND: 'DANCE' }, CONFIG, 4, /DANCE/],
    ['no container', { CNI_CONTAINERID: '' }, CONFIG, 4, /CNI_CONTAINERID/],
    ['no namespace for ADD', { CNI_NETNS: '' }, CONFIG, 4, /CNI_NETNS/],
    ['no interface', { CNI_IFNAME: '' }, CONFIG, 4, /CNI_IFNAME/],
    ['no path', { CNI_PATH: '' }, CONFIG, 4, /CNI_PATH/],
    ['a bad container ID', { CNI_CONTAINERID: '../x' }, CONFIG, 4, /CNI_CONTAINERID/],
    ['an interface name that is too long', { CNI_IFNAME: 'a'.repeat(16) }, CONFIG, 4, /CNI_IFNAME/],
    ['an interface name with a slash', { CNI_IFNAME: 'a/b' }, CONFIG, 4, /CNI_IFNAME/],
    ['bad arguments', { CNI_ARGS: 'novalue' }, CONFIG, 4, /CNI_ARGS/],
    ['no JSON', {}, '{', 6, /JSON/],
    ['JSON that is no object', {}, [], 6, /object/],
    ['no name', {}, { cniVersion: '1.0.0' }, 7, /name/],
    ['a version of the future', {}, { ...CONFIG, cniVersion: '9.0.0' }, 1, /9\.0\.0/],
    ['a version that never was', {}, { ...CONFIG, cniVersion: '0.0.9' }, 1, /0\.0\.9.*\["0\.1\.0".*"1\.1\.0"\]/],
    ['GC without attachments', { CNI_COMMAND: 'GC' }, NEWEST, 7, /valid-attachments/],
  ];
  for (const [what, env, stdin, code, message] of WRONG) {
    t.test(`${what} is error ${code}`, async (t) => {
      const { code: exit, printed } = await call({ ...ENV, VROUTER_SOCKET: NO_DAEMON, ...env }, stdin);
      t.equal(exit, 1);
      t.equal(printed?.['code'], code);
      t.match(printed?.['msg'], message);
    });
  }
}
