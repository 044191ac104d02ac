import { once } from 'node:events';
import { mkdtempSync, readSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Cancel, type Clock, formatIpv4, silentLog, systemClock } from '../../src/base/index.ts';
import { createUpdateView, decodeUpdate, encodeOpen, KEEPALIVE, MESSAGE } from '../../src/bgp/wire/index.ts';
import { cniResultSchema, nodeStatusSchema, request } from '../../src/control/index.ts';
import { readConfig } from '../../src/daemon/config.ts';
import { Daemon } from '../../src/daemon/daemon.ts';
import { MemoryStore } from '../../src/datastore/index.ts';
import { until } from '../../src/lab/until.ts';
import { newResource } from '../../src/model/index.ts';
import { Reader } from '../bgp/rib/reader.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { FakeNft } from '../fakes/fake-nft.ts';

const ASN = 64512;
/** Loopback addresses and a port of this process's own. */
const TEN = `127.${(process.pid >> 8) & 255}.${process.pid & 255}`;
const [NODE, PEER] = [`${TEN}.1`, `${TEN}.2`];
const PORT = 20_000 + (process.pid % 20_000);

/**
 * Turns of work come long after they were asked for, as in a daemon that is busy: whoever does not wait for them is
 * far ahead. `delay` is in milliseconds.
 */
class SlowClock implements Clock {
  delay = 100;
  readonly now = systemClock.now;
  readonly wallTime = systemClock.wallTime;
  readonly after = systemClock.after;

  /** Turns that were asked for and have not come. */
  readonly waiting = new Set<() => void>();

  soon(action: () => void): Cancel {
    const turn = (): void => {
      this.waiting.delete(turn);
      action();
    };
    this.waiting.add(turn);
    const cancel = systemClock.after(this.delay, turn);
    return () => {
      this.waiting.delete(turn);
      cancel();
    };
  }
}

/** A BGP peer of few words, which can be asked what the kernel holds for it at this very moment. */
class Peer {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
    });
    socket.on('error', () => {});
    socket.write(encodeOpen({ asn: ASN, holdTime: 90, routerId: 0x7f000002, capabilities: [] }));
    socket.write(KEEPALIVE);
  }

  /** Prefixes of all UPDATEs so far, those included that only the kernel has seen. */
  announced(): string[] {
    this.#takeFromKernel();
    const found: string[] = [];
    const view = createUpdateView();
    for (let at = 0; at < this.#bytes.length; ) {
      const end = at + this.#bytes.readUInt16BE(at + 16);
      if (this.#bytes[at + 18] === MESSAGE.UPDATE) {
        decodeUpdate(this.#bytes, at, end, AGREED, view);
        const { addresses, lengths, count } = view.announced4;
        for (let nlri = 0; nlri < count; nlri++) found.push(`${formatIpv4(addresses[nlri])}/${lengths[nlri]}`);
      }
      at = end;
    }
    return found;
  }

  close(): void {
    this.#socket.destroy();
  }

  #takeFromKernel(): void {
    const { fd } = (this.#socket as unknown as { readonly _handle: { readonly fd: number } })._handle;
    const chunk = Buffer.alloc(65_536);
    try {
      const length = readSync(fd, chunk);
      this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(0, length)]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

/** What a peer without capabilities agrees to. */
const { negotiated: AGREED } = new Reader(PEER, { fourOctetAs: false });

/** A daemon on a fake machine and a real loopback, with its peer; its blocks have four addresses. */
async function start(t: Test) {
  const server = createServer().listen(PORT, PEER);
  t.teardown(() => server.close());
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const clock = new SlowClock();
  const machine = new FakeMachine();
  machine.addNamespace('/host');
  const store = new MemoryStore({ clock });
  await store.create(newResource('IPPool', { name: 'p' }, { cidr: '10.244.0.0/24', blockSize: 30 }));
  await store.create(
    newResource(
      'BGPConfiguration',
      { name: 'default' },
      { nodeToNodeMeshEnabled: false, asNumber: ASN, listenPort: PORT, bindMode: 'NodeIP' },
    ),
  );
  await store.create(newResource('BGPPeer', { name: 'peer' }, { peerIP: `${PEER}:${PORT}`, asNumber: ASN }));
  // Paths of unix sockets are short.
  const folder = mkdtempSync(join(tmpdir(), 'vrt-told-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, 's');
  const none = {
    VROUTER_IPAM_LEDGER: 'none',
    VROUTER_MTU_FILE: 'none',
    CALICO_NODENAME_FILE: '',
    FELIX_HEALTHPORT: '0',
  };
  const daemon = new Daemon({
    config: await readConfig({
      NODENAME: 'n1',
      IP: `${NODE}/24`,
      VROUTER_SOCKET: socket,
      NO_DEFAULT_POOLS: 'true',
      ...none,
    }),
    store,
    datastoreType: 'memory',
    kernel: machine.kernel('/host'),
    nft: new FakeNft(),
    clock,
    log: silentLog,
    routerId: undefined,
  });
  await daemon.start();
  t.teardown(() => daemon.stop('the test is over'));
  const isReady = async (): Promise<boolean> => (await request(socket, { op: 'status' }, nodeStatusSchema)).ready;
  await until(systemClock, 'the daemon to be ready', isReady);
  const peer = new Peer((await connected)[0]);
  t.teardown(() => peer.close());
  await until(systemClock, 'the session to be up', async () => daemon.status().bgp?.peers[0]?.state === 'up');
  /** Resolves with the pod's address. */
  const add = async (containerId: string): Promise<string> => {
    const netns = `/run/netns/${containerId}`;
    machine.addNamespace(netns);
    const config = { cniVersion: '1.0.0', name: 'net' };
    const pod = { containerId, netns, ifName: 'eth0', args: {}, config };
    const { ips } = await request(socket, { op: 'cni.add', request: pod }, cniResultSchema);
    return ips[0].address;
  };
  return { clock, peer, add };
}

/** The block of four that the address is in. */
function blockOf(address: string): string {
  const [, network, host] = /^(.*\.)(\d+)\/32$/.exec(address) ?? [];
  return `${network}${Number(host) & ~3}/30`;
}

t.test('the ADD that claims a block is answered when every peer has been sent it', async (t) => {
  const { peer, add } = await start(t);
  const blocks = new Set<string>();
  for (const name of Array.from({ length: 9 }, (_, index) => `c${index}`)) {
    const address = await add(name);
    const block = blockOf(address);
    t.ok(peer.announced().includes(block), `${address} is answered: the peer has ${block}`);
    blocks.add(block);
  }
  t.equal(blocks.size, 3);
  t.same(peer.announced().sort(), [...blocks].sort(), 'each is announced once, and no address by itself');
});

t.test('no pod is kept by a store that is slow to tell of its block, nor by a peer that can’t be told', async (t) => {
  const { clock, peer, add } = await start(t);
  await until(systemClock, 'the daemon to have nothing to do', async () => clock.waiting.size === 0);
  clock.delay = 2000;
  const address = await add('c1');
  t.same(peer.announced(), [], 'answered without');
  await until(systemClock, 'the block to be announced', async () => peer.announced().includes(blockOf(address)));
});
