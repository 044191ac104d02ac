import { execFileSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { type KernelEvent, type Link, openKernel } from '../../src/netlink/index.ts';
import { KernelMonitor } from '../../src/netlink/monitor.ts';
import type { SocketEvents } from '../../src/netlink/socket.ts';
import { encodeAddressAdd } from '../../src/netlink/wire/address.ts';
import { encodeLinkSet } from '../../src/netlink/wire/link.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

const ETH0: Link = { index: 2, name: 'eth0', mtu: 1500, up: true, operState: 'up', flags: [] };
const ADDRESS = encodeAddressAdd({ dev: 'eth0', address: '10.0.0.1/24' }, 2);

/** A monitor whose socket and whose listings of links the test works by hand. */
async function watch(t: Test) {
  const events: KernelEvent[] = [];
  const listings: ((links: readonly Link[]) => void)[] = [];
  let socket: SocketEvents | undefined;
  let closed = false;
  const started = KernelMonitor.start(
    (handlers) => {
      socket = handlers;
      return { port: 1, send: () => {}, close: () => (closed = true) };
    },
    () => new Promise((resolve) => listings.push(resolve)),
    (event) => events.push(event),
  );
  t.ok(socket);
  return { events, listings, started, socket: socket as SocketEvents, isClosed: () => closed };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

t.test('what comes while names are being listed waits for them', async (t) => {
  const { events, listings, started, socket } = await watch(t);
  socket.message(ADDRESS);
  t.same(events, []);
  listings[0]([ETH0]);
  await started;
  t.match(events, [{ kind: 'address', change: 'new', address: { dev: 'eth0', address: '10.0.0.1/24' } }]);
});

t.test('a device that was renamed is told by its new name, one that is not known by its index', async (t) => {
  const { events, listings, started, socket } = await watch(t);
  listings[0]([ETH0]);
  await started;
  socket.message(encodeLinkSet(2, { name: 'eth9' }));
  socket.message(ADDRESS);
  socket.message(encodeAddressAdd({ dev: '', address: '10.0.0.1/24' }, 77));
  t.match(events.slice(1), [{ address: { dev: 'eth9' } }, { address: { dev: 'if77' } }]);
});

t.test('after an overflow the names are listed again, and the listener is told once', async (t) => {
  const { events, listings, started, socket } = await watch(t);
  listings[0]([]);
  await started;
  socket.overflow();
  socket.overflow();
  t.equal(listings.length, 2);
  listings[1]([ETH0]);
  await turn();
  socket.message(ADDRESS);
  t.match(events, [{ kind: 'resync' }, { kind: 'address', address: { dev: 'eth0' } }]);
});

t.test('bytes that are no netlink are as good as lost ones', async (t) => {
  const { events, listings, started, socket } = await watch(t);
  listings[0]([]);
  await started;
  socket.message(new Uint8Array(16));
  listings[1]([]);
  await turn();
  t.match(events, [{ kind: 'resync' }]);
});

t.test('a stopped monitor is silent and closes its socket once', async (t) => {
  const { events, listings, started, socket, isClosed } = await watch(t);
  listings[0]([]);
  const monitor = await started;
  monitor.stop();
  monitor.stop();
  socket.message(ADDRESS);
  socket.overflow();
  t.ok(isClosed());
  t.same(events, []);
});

t.test('a real flood ends in one call to list again, and the process lives', async (t) => {
  const namespace = makeNamespace();
  const kernel = await openKernel({ namespace: namespace.path });
  t.teardown(() => {
    kernel.close();
    namespace.remove();
  });
  await kernel.linkSet('lo', { up: true });
  const kinds: string[] = [];
  await kernel.monitor(({ kind }) => kinds.push(kind));
  // The event loop stands still meanwhile, so that the receive buffer must overflow.
  const lines = Array.from({ length: 20_000 }, (_, index) => `route add 10.${index >> 8}.${index & 255}.0/24 dev lo\n`);
  execFileSync('ip', ['-n', namespace.name, '-batch', '-'], { input: lines.join('') });
  while (!kinds.includes('resync')) await turn();
  t.equal(kinds.filter((kind) => kind === 'resync').length, 1);
  t.ok(kinds.length < 20_000, 'what was lost is not told');
  t.equal((await kernel.routeList({ family: 4 })).length, 20_000);
});
