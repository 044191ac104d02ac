import { MemoryNetwork, RtrClient, type RtrClientOptions, VirtualClock } from 'bgp-speaker-ts';
import t from 'tap';
import { parsePrefix } from '../../../src/base/index.ts';
import { decodeRtr } from '../../../src/bgp/rpki/decode.ts';
import { encodeRtr } from '../../../src/bgp/rpki/encode.ts';
import type { Connection, Listener } from '../../../src/bgp/transport/index.ts';

const [ROUTER, FIRST, SECOND] = ['10.0.0.1', '10.0.0.8', '10.0.0.9'];
const PORT = 323;

/** A cache of one prefix: of AS 65001, or of another. */
class Cache {
  readonly asked: string[] = [];
  connection: Connection | undefined;
  #listener: Listener | undefined;
  readonly #asn: number;
  readonly #network: MemoryNetwork;
  readonly #address: string;

  constructor(network: MemoryNetwork, address: string, asn: number) {
    this.#network = network;
    this.#address = address;
    this.#asn = asn;
  }

  async listen(): Promise<void> {
    const at = { address: this.#address, port: PORT };
    this.#listener = await this.#network.host(this.#address).listen(at, (connection) => {
      this.connection = connection;
      connection.receive({ data: (chunk) => this.#answer(chunk), drained: () => {}, closed: () => {} });
    });
    this.#listener.admit([{ from: ROUTER }]);
  }

  close(): void {
    this.#listener?.close();
  }

  #answer(chunk: Uint8Array): void {
    const { kind } = decodeRtr(chunk);
    this.asked.push(kind);
    if (kind === 'error-report') return;
    const session = { version: 1, sessionId: this.#asn, serial: 1 } as const;
    const payload = { prefix: parsePrefix('10.0.0.0/8'), maxLength: 8, asn: this.#asn };
    const intervals = { refresh: 7000, retry: 30, expire: 7200 };
    const write = (pdu: Parameters<typeof encodeRtr>[0]): void => void this.connection?.write(encodeRtr(pdu));
    write({ ...session, kind: 'cache-response' });
    if (kind === 'reset-query') write({ version: 1, kind: 'prefix', announce: true, payload });
    write({ ...session, kind: 'end-of-data', intervals });
  }
}

function set(options: Partial<RtrClientOptions> = {}): {
  clock: VirtualClock;
  network: MemoryNetwork;
  caches: readonly [Cache, Cache];
  client: RtrClient;
  validity: (asn: number) => string;
} {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock });
  const caches = [new Cache(network, FIRST, 65001), new Cache(network, SECOND, 65002)] as const;
  const addresses = [FIRST, SECOND].map((address) => ({ address, port: PORT }));
  const client = new RtrClient({ caches: addresses, clock, transport: network.host(ROUTER), ...options });
  const validity = (asn: number): string => client.validate(parsePrefix('10.0.0.0/8'), asn);
  return { clock, network, caches, client, validity };
}

t.test('the first cache is asked, and the next one as long as that is away', async (t) => {
  let changes = 0;
  const { clock, caches, client, validity } = set({ onChange: () => changes++ });
  await caches[1].listen();
  client.start();
  clock.advance(100);
  t.same([validity(65001), validity(65002), changes], ['invalid', 'valid', 1]);
  t.match(client.status, {
    cache: { address: SECOND },
    settled: true,
    version: 1,
    ipv4: 1,
    ipv6: 0,
    problem: undefined,
  });
  t.same(client.status.data?.sessionId, 65002);
  client.stop();
  clock.advance(20_000);
  t.equal(clock.pending, 0, 'who has stopped waits for nothing');
});

t.test('a cache that was lost is dialled again and asked for changes; what it said holds meanwhile', async (t) => {
  const { clock, network, caches, client, validity } = set({ caches: [{ address: FIRST, port: PORT }] });
  await caches[0].listen();
  client.start();
  clock.advance(100);
  network.sever(ROUTER, FIRST);
  clock.advance(100);
  t.equal(validity(65001), 'valid');
  t.match(client.status, { settled: false, problem: /./ });
  clock.advance(1000);
  t.same(caches[0].asked, ['reset-query', 'serial-query']);
  t.match(client.status, { settled: true, problem: undefined });
});

t.test('waits grow no longer than the cache wants, and data that nobody renews expires', async (t) => {
  const { clock, network, caches, client, validity } = set({ caches: [{ address: FIRST, port: PORT }] });
  await caches[0].listen();
  client.start();
  clock.advance(100);
  caches[0].close();
  network.sever(ROUTER, FIRST);
  clock.advance(7_100_000);
  t.equal(validity(65001), 'valid');
  clock.advance(100_000);
  t.equal(validity(65001), 'not-found');
  await caches[0].listen();
  clock.advance(100_000);
  t.equal(validity(65001), 'valid');
  t.equal(caches[0].asked.at(-1), 'reset-query');
});

t.test('a cache that talks nonsense is told so and left', async (t) => {
  const { clock, caches, client, validity } = set({ caches: [{ address: FIRST, port: PORT }] });
  await caches[0].listen();
  client.start();
  clock.advance(100);
  caches[0].connection?.write(Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 1));
  clock.advance(100);
  t.equal(caches[0].asked.at(-1), 'error-report');
  t.match(client.status.problem, /a message of 1 octets/);
  t.equal(validity(65001), 'valid');
  clock.advance(1000);
  t.equal(client.status.problem, undefined, 'and tried again');
});
