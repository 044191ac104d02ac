import { execFileSync } from 'node:child_process';
import t from 'tap';
import { sleep, systemClock } from '../../src/base/index.ts';
import { type KernelEvent, openKernel, type TableEvent } from '../../src/netlink/index.ts';
import type { SocketEvents } from '../../src/netlink/socket.ts';
import { watchTables } from '../../src/netlink/table-monitor.ts';
import { openNft, Transaction } from '../../src/nftables/index.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';

t.setTimeout(240_000);

const OURS = { family: 'ip', name: 'vrouter-nat' } as const;
const PATIENCE = 30_000;

t.test('changes of tables are told, with whose they are', needsRoot, async (t) => {
  const namespace = makeNamespace();
  const kernel = await openKernel({ namespace: namespace.path });
  t.teardown(() => {
    kernel.close();
    namespace.remove();
  });
  const events: KernelEvent[] = [];
  await kernel.monitor((event) => events.push(event));
  const nft = openNft({ namespace: namespace.path });
  const told = async (isOwn: boolean): Promise<readonly (readonly [string, string])[]> => {
    const ofTables = (): readonly TableEvent[] =>
      events.filter((event) => event.kind === 'table').filter(({ port }) => nft.isOwn(port) === isOwn);
    const end = systemClock.now() + PATIENCE;
    while (ofTables().length === 0 && systemClock.now() < end) await sleep(systemClock, 5);
    return ofTables().map(({ table }) => [table?.family ?? '', table?.name ?? '']);
  };
  const set = { name: 'pools', type: 'ipv4_addr', flags: ['interval'] } as const;
  await nft.run(new Transaction(OURS).addTable().addSet(set).addElements(set, ['10.0.0.0/8']));
  t.same(await told(true), [['ip', 'vrouter-nat']], 'all objects of a transaction are one event');
  for (const attack of [
    'delete element ip vrouter-nat pools { 10.0.0.0/8 }',
    'add chain ip vrouter-nat c; add rule ip vrouter-nat c accept',
    'flush chain ip vrouter-nat c',
    'flush ruleset',
  ]) {
    events.length = 0;
    execFileSync('ip', ['netns', 'exec', namespace.name, 'nft', attack]);
    t.same(await told(false), [['ip', 'vrouter-nat']], attack);
  }
  events.length = 0;
  execFileSync('ip', ['netns', 'exec', namespace.name, 'nft', 'add table inet theirs']);
  t.same(await told(false), [['inet', 'theirs']]);
});

t.test('what is lost, or can not be read, may have been about any of them; a stopped monitor is silent', async (t) => {
  const events: TableEvent[] = [];
  let socket: SocketEvents | undefined;
  let closed = 0;
  const monitor = watchTables(
    (handlers) => {
      socket = handlers;
      return { port: 1, send: () => {}, close: () => closed++ };
    },
    (event) => events.push(event),
  );
  socket?.overflow();
  socket?.message(new Uint8Array(16));
  t.same(events, [
    { kind: 'table', port: 0 },
    { kind: 'table', port: 0 },
  ]);
  monitor.stop();
  monitor.stop();
  socket?.overflow();
  t.equal(events.length, 2);
  t.equal(closed, 1);
});
