import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLog, systemClock, VirtualClock, VRouterError } from '../../src/base/index.ts';
import { openNotifySocket, unixAddress } from '../../src/daemon/notify-socket.ts';
import { Supervisor, statusLine, supervisorOf } from '../../src/daemon/supervisor.ts';
import { until } from '../../src/lab/until.ts';
import { Heartbeat, type NodeReport } from '../../src/observe/index.ts';
import { MAIN } from '../cluster/program.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';

import { DatagramReceiver } from './datagram-receiver.ts';

const NODE: NodeReport = {
  nodename: 'n1',
  version: '0',
  pid: 1,
  startedAt: 0,
  ready: false,
  problems: ['the datastore\nis being read'],
  datastore: { type: 'memory', inSync: false, lastEventAgeSeconds: 0 },
  blocks: [],
  routes: { desired: 0, programmed: 0, failed: 0 },
};
const READY: NodeReport = { ...NODE, ready: true, problems: [], routes: { desired: 7, programmed: 7, failed: 0 } };

/** A supervisor whose words are kept, with the beats of a clock that the test turns. */
function heard(watchdog?: number) {
  const clock = new VirtualClock();
  const words: string[] = [];
  let isDeaf = false;
  const socket = {
    send: (text: string) => {
      if (isDeaf) throw new Error('EAGAIN');
      words.push(text);
    },
    close: () => {},
  };
  const supervisor = new Supervisor({ socket, watchdog, clock, log: silentLog });
  let report = NODE;
  const heartbeat = new Heartbeat(clock, () => supervisor.beat(() => report));
  return {
    ...{ clock, supervisor, heartbeat },
    become: (now: NodeReport) => (report = now),
    deaf: (now: boolean) => (isDeaf = now),
    said: () => words.splice(0),
  };
}

t.test('while it starts it asks to be waited for, and says what it waits for', async (t) => {
  const { clock, said } = heard(30_000);
  clock.advance(1000);
  t.same(said(), ['EXTEND_TIMEOUT_USEC=60000000\nSTATUS=Not ready: 0 routes, 0 blocks; the datastore is being read']);
  clock.advance(50_000);
  const later = said();
  t.ok(later.length >= 5, 'oftener than each 60 s, so that it never ends');
  t.ok(later.every((text) => text === 'EXTEND_TIMEOUT_USEC=60000000'));
});

t.test('ready is said once, when the kernel is programmed; then the watchdog is fed by beats', async (t) => {
  const { clock, supervisor, become, said } = heard(30_000);
  become(READY);
  supervisor.programmed(READY);
  t.same(said(), ['READY=1\nWATCHDOG=1\nSTATUS=Ready: 7 routes, 0 blocks']);
  clock.advance(60_000);
  const fed = said();
  t.ok(fed.length >= 6, 'several times within each 30 s');
  t.ok(fed.every((text) => text === 'WATCHDOG=1'));
});

t.test('no beat, no word', async (t) => {
  const { clock, supervisor, heartbeat, said } = heard(2000);
  supervisor.programmed(READY);
  heartbeat.stop();
  said();
  clock.advance(60_000);
  t.same(said(), []);
});

t.test('what was not heard is said again at the next beat', async (t) => {
  const { clock, supervisor, become, deaf, said } = heard(30_000);
  become(READY);
  deaf(true);
  supervisor.programmed(READY);
  clock.advance(3000);
  deaf(false);
  clock.advance(1000);
  t.same(said(), ['READY=1\nWATCHDOG=1\nSTATUS=Ready: 7 routes, 0 blocks']);
});

t.test('without a watchdog only what changes is said; after the end nothing is', async (t) => {
  const { clock, supervisor, become, said } = heard();
  become(READY);
  supervisor.programmed(READY);
  said();
  clock.advance(60_000);
  t.same(said(), []);
  become({ ...READY, ready: false, problems: ['one', 'two', 'three'] });
  clock.advance(10_000);
  t.same(said(), ['STATUS=Not ready: 7 routes, 0 blocks; one (and 2 more)']);
  supervisor.stopping('SIGTERM');
  t.same(said(), ['STOPPING=1\nSTATUS=Stopping: SIGTERM; routes stay in the kernel']);
  supervisor.stopping('again');
  clock.advance(60_000);
  t.same(said(), []);
});

t.test('the line counts sessions and pods where there are some, and stays a line', async (t) => {
  const peer = { session: 'Established' } as never;
  const line = statusLine({
    ...READY,
    bgp: { asn: 1, routerId: '1.1.1.1', peers: [peer, { session: 'Idle' } as never] },
    endpoints: { desired: 5, missing: 1, strange: 0 },
    problems: ['x'.repeat(9999)],
  });
  t.match(line, /^Ready: 1 of 2 BGP sessions, 7 routes, 4 pods, 0 blocks; xxx/);
  t.ok(line.length <= 400);
});

t.test('an address is a path, or a name in the abstract namespace, and nothing else', async (t) => {
  t.equal(Buffer.from(unixAddress('/run/x')).toString('latin1'), '\x01\0/run/x\0');
  t.equal(Buffer.from(unixAddress('@x')).toString('latin1'), '\x01\0\0x');
  for (const name of ['x', '@', '/', 'vsock:2:1234', `/${'x'.repeat(107)}`, `@${'x'.repeat(108)}`]) {
    t.throws(() => unixAddress(name), VRouterError, name);
  }
  t.doesNotThrow(() => unixAddress(`/${'x'.repeat(106)}`));
  t.doesNotThrow(() => unixAddress(`@${'x'.repeat(107)}`));
});

t.test('a real datagram arrives at a path and at an abstract name; nobody there is an error', async (t) => {
  const folder = temporaryFolder(t);
  for (const name of [join(folder, 'notify'), `@vrouter-notify-${process.pid}`]) {
    const receiver = new DatagramReceiver(name);
    const socket = openNotifySocket(name);
    socket.send('READY=1\nSTATUS=ü');
    t.same(receiver.received(), ['READY=1\nSTATUS=ü'], name);
    receiver.close();
    t.throws(() => socket.send('WATCHDOG=1'), { code: 'NOTIFY' });
    socket.close();
  }
});

t.test('nobody is told where nobody asked, or where nobody could', async (t) => {
  const given = { clock: new VirtualClock(), log: silentLog };
  t.equal(await supervisorOf({}, given), undefined);
  t.equal(await supervisorOf({ NOTIFY_SOCKET: '' }, given), undefined);
  t.equal(await supervisorOf({ NOTIFY_SOCKET: 'vsock:2:1' }, given), undefined, 'and the daemon starts all the same');
});

t.test('the watchdog of another process is not fed, nor one that is no time', async (t) => {
  const folder = temporaryFolder(t);
  const name = join(folder, 'notify');
  const receiver = new DatagramReceiver(name);
  t.teardown(() => receiver.close());
  for (const [environment, isFed] of [
    [{ WATCHDOG_USEC: '30000000' }, true],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, true],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, false],
    [{ WATCHDOG_USEC: '0' }, false],
    [{ WATCHDOG_USEC: 'soon' }, false],
  ] as const) {
    const given = { clock: new VirtualClock(), log: silentLog, pid: 7 };
    const supervisor = await supervisorOf({ NOTIFY_SOCKET: name, ...environment }, given);
    supervisor?.programmed(READY);
    supervisor?.stopping('done');
    t.equal(receiver.received()[0].includes('WATCHDOG=1'), isFed, JSON.stringify(environment));
  }
});

t.test('a real daemon is ready when the kernel is programmed, beats, and says that it ends', needsRoot, async (t) => {
  const { folder, child, name } = startDaemon(t);
  const receiver = new DatagramReceiver(join(folder, 'notify'));
  t.teardown(() => receiver.close());
  const words: string[] = [];
  const untilSaid = (word: string): Promise<true> =>
    until(systemClock, word, async () => {
      words.push(...receiver.received().flatMap((text) => text.split('\n')));
      return child.exitCode === null && words.includes(word);
    });
  await untilSaid('READY=1');
  // Pods' addresses are masqueraded outside of their pool, which the datastore alone could tell.
  t.match(execFileSync('ip', ['netns', 'exec', name, 'nft', 'list', 'ruleset'], { encoding: 'utf8' }), '10.244.0.0/16');
  t.match(words.join('\n'), /STATUS=(Ready|Not ready): /);
  words.length = 0;
  await untilSaid('WATCHDOG=1');
  child.kill('SIGTERM');
  await once(child, 'exit');
  words.push(...receiver.received().flatMap((text) => text.split('\n')));
  t.equal(words.filter((word) => word === 'STOPPING=1').length, 1);
  t.notOk(words.includes('READY=1'), 'it was said once');
});

function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-notify-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** `vrouter daemon` with a database of its own, in a namespace of its own, with a watchdog of two seconds. */
function startDaemon(t: Test): { readonly folder: string; readonly child: ChildProcess; readonly name: string } {
  const folder = temporaryFolder(t);
  const { name, remove } = makeNamespace();
  execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  const child = spawn('ip', ['netns', 'exec', name, process.execPath, MAIN, 'daemon'], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      NODENAME: 'n1',
      IP: '192.0.2.1/24',
      DATASTORE_TYPE: 'sqlite',
      SQLITE_PATH: join(folder, 'db'),
      VROUTER_SOCKET: join(folder, 's'),
      VROUTER_IPAM_LEDGER: 'none',
      VROUTER_MTU_FILE: 'none',
      CALICO_NODENAME_FILE: '',
      FELIX_HEALTHPORT: '0',
      CALICO_IPV4POOL_CIDR: '10.244.0.0/16',
      NOTIFY_SOCKET: join(folder, 'notify'),
      WATCHDOG_USEC: '2000000',
    },
  });
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    remove();
  });
  return { folder, child, name };
}
