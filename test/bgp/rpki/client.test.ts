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
  /** It takes connections, and says nothing. */
  isSilent = false;
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
    if (kind === 'error-report' || this.isSilent) return;
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
    caches: [
      { address: FIRST, settled: false, used: false, ipv4: 0, lastError: { reason: /refused/ } },
      { address: SECOND, settled: true, used: true, version: 1, ipv4: 1, ipv6: 0, lastError: undefined },
    ],
    problem: undefined,
  });
  t.same(client.status.caches[1].data?.sessionId, 65002);
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
  t.match(client.status, { caches: [{ settled: false }], problem: /./ });
  clock.advance(1000);
  t.same(caches[0].asked, ['reset-query', 'serial-query']);
  t.match(client.status, { caches: [{ settled: true }], problem: undefined });
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

t.test('once the preferred cache is back, it serves: the other one does until it has told all', async (t) => {
  const { clock, network, caches, client, validity } = set();
  const [first, second] = caches;
  await second.listen();
  client.start();
  clock.advance(100);
  t.equal(validity(65002), 'valid');
  clock.advance(30_000);
  t.equal(client.status.caches[1].used, true, 'it is still away');
  t.equal(client.status.problem, undefined);
  await first.listen();
  first.isSilent = true;
  clock.advance(60_000);
  t.equal(validity(65002), 'valid', 'one that says nothing is no better');
  first.isSilent = false;
  clock.advance(90_000);
  t.same([validity(65001), validity(65002)], ['valid', 'invalid']);
  t.match(client.status, {
    caches: [
      { settled: true, used: true, ipv4: 1 },
      { settled: false, used: false, ipv4: 0, data: undefined },
    ],
  });
  t.same(second.asked, ['reset-query'], 'nobody asks the other one any more');
  network.sever(ROUTER, FIRST);
  first.close();
  clock.advance(1000);
  t.match(client.status.caches, [{ used: false }, { settled: true, used: true }], 'and it serves when it must');
  client.stop();
  clock.advance(100_000);
  t.equal(clock.pending, 0);
});

t.test('the cache that serves fails while a better one is tried: they are asked in turn', async (t) => {
  const { clock, network, caches, client, validity } = set();
  const [first, second] = caches;
  await second.listen();
  client.start();
  clock.advance(100);
  await first.listen();
  first.isSilent = true;
  clock.advance(31_000);
  t.same(first.asked, ['reset-query']);
  network.sever(ROUTER, SECOND);
  second.close();
  first.isSilent = false;
  clock.advance(500);
  t.equal(validity(65002), 'valid', 'what it said holds');
  clock.advance(120_000);
  t.equal(validity(65001), 'valid');
  t.match(client.status.caches, [{ used: true }, { used: false, lastError: { reason: /./ } }]);
});

t.test('that no cache can be had is a problem once all were tried', async (t) => {
  const { clock, client } = set();
  const problems: (string | undefined)[] = [];
  client.start();
  for (let turn = 0; turn < 40; turn++) {
    clock.advance(1);
    problems.push(client.status.problem);
  }
  t.equal(problems[0], undefined);
  t.match(problems.at(-1), /refused/);
  t.match(client.status.caches, [{ lastError: { reason: /refused/ } }, { lastError: { reason: /refused/ } }]);
});
