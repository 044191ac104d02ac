import { once } from 'node:events';
import { readSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { type Cancel, type Clock, formatIpv4, systemClock } from '../../src/base/index.ts';
import { createUpdateView, decodeUpdate, encodeOpen, KEEPALIVE, MESSAGE } from '../../src/bgp/wire/index.ts';
import { until } from '../../src/lab/until.ts';
import { Reader } from '../bgp/rib/reader.ts';
import { ASN, loneDaemon, PEER, PORT } from './lone-daemon.ts';

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

/** A daemon whose session with the peer is up. */
async function start(t: Test) {
  const server = createServer().listen(PORT, PEER);
  t.teardown(() => server.close());
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const clock = new SlowClock();
  const { daemon, add } = await loneDaemon(t, { clock });
  const peer = new Peer((await connected)[0]);
  t.teardown(() => peer.close());
  await until(
    systemClock,
    'the session to be up',
    async () => daemon.status().bgp?.peers[0]?.session === 'Established',
  );
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
