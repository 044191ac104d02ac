import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { systemClock, VirtualClock } from '../../../src/base/index.ts';
import { ask as askAll } from '../../../src/cli/connectivity/agent/ask.ts';
import { askDns } from '../../../src/cli/connectivity/agent/ask-dns.ts';
import type { ProbeOutcome } from '../../../src/cli/connectivity/probe.ts';
import { needsRoot } from '../../fakes/namespaces.ts';

/** Addresses of loopback of this process's own, with resolvers at port 53. */
const NETWORK = `127.${1 + (process.pid % 250)}.${1 + (Math.floor(process.pid / 250) % 250)}`;
const [ANSWERS, SILENT, NOBODY] = [1, 2, 3].map((last) => `${NETWORK}.${last}`);

const ask = (host: string, resolver: string, patience = 3000) =>
  askDns({ id: 1, kind: 'dns', host, port: 0, resolver, patience }, systemClock);

async function resolver(t: Test, ...known: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, ['test/fakes/dns-answerer.ts', ANSWERS, ...known], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(createInterface({ input: child.stdout }), 'line');
}

/** Hears what is asked, and says nothing; by TCP it is reached where that is wanted. */
async function silence(t: Test, isTcp: boolean): Promise<void> {
  const udp = createSocket('udp4').bind(53, SILENT);
  t.teardown(() => udp.close());
  await once(udp, 'listening');
  if (!isTcp) return;
  const tcp = createServer((socket) => socket.destroy()).listen(53, SILENT);
  t.teardown(() => tcp.close());
  await once(tcp, 'listening');
}

t.test(
  'a resolver that is named tells addresses, that there is no such name, or that it can not find out',
  needsRoot,
  async (t) => {
    await resolver(t, 'a.test=192.0.2.7', 'broken.test=fail');
    t.same(await ask('a.test', ANSWERS), { result: 'answered', by: '192.0.2.7' });
    t.same(await ask('b.test', ANSWERS), {
      ...{ result: 'error', code: 'ENOTFOUND' },
      resolvers: [{ address: ANSWERS, result: 'answered' }],
    });
    t.same(await ask('broken.test', ANSWERS), {
      ...{ result: 'error', code: 'ESERVFAIL' },
      resolvers: [{ address: ANSWERS, result: 'error', code: 'ESERVFAIL' }],
    });
  },
);

t.test('of a silent resolver it is said whether TCP gets there', needsRoot, async (t) => {
  await silence(t, true);
  t.same(await ask('a.test', SILENT, 300), {
    result: 'silence',
    resolvers: [{ address: SILENT, result: 'silence', tcp: 'answered' }],
  });
});

t.test('an address where no resolver listens refuses', needsRoot, async (t) => {
  const refused = { result: 'refused', resolvers: [{ address: NOBODY, result: 'refused' }] };
  t.match(await ask('a.test', NOBODY), refused);
  const said: ProbeOutcome[] = [];
  const probe = { id: 1, kind: 'dns', host: 'a.test', port: 0, resolver: NOBODY, patience: 3000 } as const;
  // On this clock no second attempt would ever come.
  await askAll([probe], (outcome) => said.push(outcome), new VirtualClock());
  t.match(said, [refused], 'and is not asked again and again');
});
