/**
 * Kernel routes: 100,000 /26 routes added and deleted by `applyRoutes`, beside batches that were encoded beforehand and
 * are only sent (what the kernel itself can take) and beside `ip -batch`; then what a monitor costs meanwhile, and a
 * listing of them all. Contenders take turns; each figure is the median of the rounds.
 *
 *     node bench/netlink-routes.ts [rounds]        as root; works in a network namespace of its own
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatIpv4, silentLog, systemClock } from '../src/base/index.ts';
import { RouteReconciler } from '../src/dataplane/routes/reconcile.ts';
import { type BatchSocket, openBatchSocket } from '../src/netlink/batch-socket.ts';
import {
  type FibInfo,
  type Kernel,
  openKernel,
  ROUTE_ADD,
  ROUTE_DELETE,
  type RouteChanges,
} from '../src/netlink/index.ts';
import { forEachMessage } from '../src/netlink/wire/message.ts';
import { DATAGRAM_BYTES, fillDatagram, RouteTemplates } from '../src/netlink/wire/route-datagram.ts';

const ROUTES = 100_000;
const BATCH = 2048;
const FIRST = 0x14000000;
const rounds = Number(process.argv[2] ?? 5);
const name = `vrt-bench-${process.pid}`;
const namespace = `/run/netns/${name}`;
const folder = mkdtempSync(join(tmpdir(), 'vrt-bench-'));

function changes(verb: number, info: FibInfo): RouteChanges {
  return {
    family: 4,
    count: ROUTES,
    addresses: Uint32Array.from({ length: ROUTES }, (_, entry) => FIRST + entry * 64),
    lengths: new Uint8Array(ROUTES).fill(26),
    verbs: new Uint8Array(ROUTES).fill(verb),
    infoIndex: new Uint32Array(ROUTES),
    infos: [info],
  };
}

/** Sends batches as they are, one after another, each when the kernel has answered the one before. */
async function send(socket: BatchSocket, batches: readonly Uint8Array[]): Promise<void> {
  for (const batch of batches) {
    await socket.exchange(batch, (answer) =>
      forEachMessage(answer, ({ body }) => {
        const errno = -body.i32();
        if (errno !== 0) throw new Error(`the kernel refused a route: errno ${errno}`);
      }),
    );
  }
}

function encoded(all: RouteChanges): Uint8Array[] {
  const templates = new RouteTemplates(all);
  const batches: Uint8Array[] = [];
  for (let from = 0; from < ROUTES; from += BATCH) {
    const buffer = new Uint8Array(DATAGRAM_BYTES);
    const { bytes } = fillDatagram(buffer, all, from, Math.min(ROUTES, from + BATCH), from + 1, templates);
    batches.push(buffer.slice(0, bytes));
  }
  return batches;
}

function batchFile(verb: 'add' | 'delete'): string {
  const file = join(folder, verb);
  const lines = Array.from({ length: ROUTES }, (_, entry) => {
    const way = verb === 'add' ? ' via 10.9.0.2 dev v0' : '';
    return `route ${verb} ${formatIpv4(FIRST + entry * 64)}/26${way} proto 80\n`;
  });
  writeFileSync(file, lines.join(''));
  return file;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** A whole look at the kernel by the reconciler that has just filled it: processor time, and writes (there are none). */
async function resync(kernel: Kernel, all: RouteChanges, info: FibInfo): Promise<string> {
  const routes = new RouteReconciler({ kernel, clock: systemClock, log: silentLog });
  await routes.start();
  const [table, id] = [routes.tables[4], routes.infos.retain(routes.infos.id(info))];
  for (const address of all.addresses) table.want('bgp', table.prefixes.intern4(address, 26), id);
  await routes.flush();
  const [before, began] = [{ ...routes.written }, process.cpuUsage()];
  await routes.resync();
  await routes.flush();
  const { user, system } = process.cpuUsage(began);
  const { add, replace, delete: remove } = routes.written;
  const writes = add + replace + remove - before.add - before.replace - before.delete;
  routes.stop();
  return `full resync of ${ROUTES} unchanged routes: ${((user + system) / 1000).toFixed(0)} ms of processor, ${writes} writes`;
}

async function refuseNothing(kernel: Kernel, all: RouteChanges): Promise<void> {
  const [first] = await kernel.applyRoutes(all);
  if (first !== undefined) throw new Error(`entry ${first.entry}: ${first.reason}`);
}

execFileSync('ip', ['netns', 'add', name]);
try {
  const kernel = await openKernel({ namespace });
  await kernel.linkAdd({ kind: 'veth', name: 'v0', peerName: 'v1' });
  await kernel.linkSet('v0', { up: true });
  await kernel.linkSet('v1', { up: true });
  await kernel.addressAdd({ dev: 'v0', address: '10.9.0.1/24' });
  const dev = (await kernel.linkList()).find((link) => link.name === 'v0')?.index ?? 0;
  const info: FibInfo = { kind: 'unicast', protocol: 80, table: 254, nextHops: [{ via: '10.9.0.2', dev }] };
  const [adds, deletes] = [changes(ROUTE_ADD, info), changes(ROUTE_DELETE, info)];
  const [addBatches, deleteBatches] = [encoded(adds), encoded(deletes)];
  const [addFile, deleteFile] = [batchFile('add'), batchFile('delete')];
  const bare = openBatchSocket({ namespace });
  const ip = async (file: string) => execFileSync('ip', ['-n', name, '-batch', file]);
  const watched = (ignoreOwnRoutes: boolean) => async (all: RouteChanges) => {
    const monitor = await kernel.monitor(() => {}, { ignoreOwnRoutes });
    await refuseNothing(kernel, all);
    monitor.stop();
  };

  const contenders: Readonly<Record<string, readonly [add: () => Promise<unknown>, remove: () => Promise<unknown>]>> = {
    applyRoutes: [() => refuseNothing(kernel, adds), () => refuseNothing(kernel, deletes)],
    'encoded beforehand': [() => send(bare, addBatches), () => send(bare, deleteBatches)],
    'ip -batch': [() => ip(addFile), () => ip(deleteFile)],
    'with a monitor of others': [() => watched(true)(adds), () => watched(true)(deletes)],
    'with a monitor of all': [() => watched(false)(adds), () => watched(false)(deletes)],
  };
  const times = new Map(Object.keys(contenders).map((key) => [key, { add: [] as number[], remove: [] as number[] }]));
  const listing = { list: [] as number[], columns: [] as number[] };

  for (let round = 0; round <= rounds; round++) {
    for (const [key, [add, remove]] of Object.entries(contenders)) {
      const taken = { add: await timed(add), list: 0, columns: 0, remove: 0 };
      if (key === 'applyRoutes') {
        taken.columns = await timed(() => kernel.routeColumns({ family: 4, protocol: 80 }));
        taken.list = await timed(() => kernel.routeList({ family: 4, protocol: 80 }));
      }
      taken.remove = await timed(remove);
      // The first round warms up.
      if (round === 0) continue;
      times.get(key)?.add.push(taken.add);
      times.get(key)?.remove.push(taken.remove);
      if (key === 'applyRoutes') {
        listing.columns.push(taken.columns);
        listing.list.push(taken.list);
      }
    }
  }

  const speed = (values: readonly number[]) => Math.round(ROUTES / median(values));
  const ceiling = times.get('encoded beforehand');
  const reference = times.get('ip -batch');
  console.log(`${ROUTES} routes, median of ${rounds}; thousands of routes a second`);
  for (const [key, { add, remove }] of times) {
    const share = (of: readonly number[] | undefined, own: readonly number[]) =>
      (median(of ?? []) / median(own)).toFixed(2);
    console.log(
      `${key.padEnd(26)} add ${String(speed(add)).padStart(4)}  delete ${String(speed(remove)).padStart(4)}` +
        `   of the ceiling ${share(ceiling?.add, add)} ${share(ceiling?.remove, remove)}` +
        `   × ip -batch ${share(reference?.add, add)} ${share(reference?.remove, remove)}`,
    );
  }
  console.log(
    `listing them all: columns ${median(listing.columns).toFixed(0)} ms, objects ${median(listing.list).toFixed(0)} ms`,
  );
  console.log(await resync(kernel, adds, info));
  console.log(`peak resident set ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
  bare.close();
  kernel.close();
} finally {
  execFileSync('ip', ['netns', 'delete', name]);
  rmSync(folder, { recursive: true });
}
