import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { runCni } from '../../src/cni/index.ts';

const CONFIG = { cniVersion: '1.0.0', name: 'k8s-pod-network', type: 'calico' };
const ENV = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'c1',
  CNI_NETNS: '/run/netns/x',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
};

interface Outcome {
  readonly code: number;
  readonly printed: Record<string, unknown> | undefined;
}

async function call(env: Readonly<Record<string, string>>, stdin: unknown = CONFIG): Promise<Outcome> {
  let text = '';
  const code = await runCni({
    env,
    stdin: typeof stdin === 'string' ? stdin : JSON.stringify(stdin),
    stdout: (more) => {
      text += more;
    },
  });
  return { code, printed: text === '' ? undefined : JSON.parse(text) };
}

/** A daemon that gives one answer and remembers what it was asked. */
async function daemon(
  t: Test,
  answer: object,
): Promise<{ env: Record<string, string>; asked: Record<string, unknown>[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'vrt-'));
  const asked: Record<string, unknown>[] = [];
  const server = createServer((socket) => {
    socket.on('data', (line) => {
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

t.test('ADD hands the request to the daemon and prints its result', async (t) => {
  const { env, asked } = await daemon(t, { ok: true, result: RESULT });
  const { code, printed } = await call({ ...env, CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop' });
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
    t.same(await call({ ...env, CNI_COMMAND: command }), { code: 0, printed: undefined }, command);
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
  t.same(printed, { cniVersion: '1.0.0', supportedVersions: ['0.3.1', '0.4.0', '1.0.0', '1.1.0'] });
});

t.test('STATUS without a daemon says that the plugin is not available', async (t) => {
  const { printed } = await call({ ...ENV, CNI_COMMAND: 'STATUS', VROUTER_SOCKET: '/nonexistent/s' });
  t.equal(printed?.['code'], 50);
});

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
  ['a version of the past', {}, { ...CONFIG, cniVersion: '0.1.0' }, 1, /0\.1\.0/],
  ['GC without attachments', { CNI_COMMAND: 'GC' }, CONFIG, 7, /valid-attachments/],
];
for (const [what, env, stdin, code, message] of WRONG) {
  t.test(`${what} is error ${code}`, async (t) => {
    const { code: exit, printed } = await call({ ...ENV, VROUTER_SOCKET: '/nonexistent/s', ...env }, stdin);
    t.equal(exit, 1);
    t.equal(printed?.['code'], code);
    t.match(printed?.['msg'], message);
  });
}
