import type { Kernel, WireguardDevice, WireguardPeerChange } from '../../src/netlink/index.ts';
import type { Scenarios } from './kernel-scenarios.ts';
import { rejects } from './rejects.ts';

const DEV = 'wireguard.cali';
/** A key pair of X25519, as RFC 7748 § 6.1 has it. */
const PRIVATE = 'dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=';
const PUBLIC = 'hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=';
const [A, B] = [key(1), key(2)];

/** A public key, unlike all others. */
function key(number: number): string {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32BE(number, 1);
  return bytes.toString('base64');
}

async function device(kernel: Kernel): Promise<void> {
  await kernel.linkAdd({ kind: 'wireguard', name: DEV, mtu: 1440 });
}

/** The peers with their allowed addresses, which have no order. */
function peersOf({ peers }: WireguardDevice): Record<string, readonly string[]> {
  return Object.fromEntries(peers.map(({ publicKey, allowedIps }) => [publicKey, [...allowedIps].sort()]));
}

/** What every implementation of `Kernel` promises of WireGuard devices, on kernels that have them. */
export const WIREGUARD: Scenarios = {
  'a new device has neither key nor peers': async ({ t, kernel }) => {
    await device(kernel);
    t.match(
      (await kernel.linkList()).find(({ name }) => name === DEV),
      { kind: 'wireguard', mtu: 1440, up: false },
    );
    t.same(await kernel.wireguardGet(DEV), { listenPort: 0, mark: 0, peers: [] });
  },

  'key, port and mark are kept, each by itself; of the private key only the public one is told': async ({
    t,
    kernel,
  }) => {
    await device(kernel);
    await kernel.wireguardSet(DEV, { listenPort: 51820 });
    await kernel.wireguardSet(DEV, { mark: 0x100000 });
    await kernel.wireguardSet(DEV, { privateKey: PRIVATE });
    t.same(await kernel.wireguardGet(DEV), { publicKey: PUBLIC, listenPort: 51820, mark: 0x100000, peers: [] });
  },

  'a peer is kept as it was given': async ({ t, kernel }) => {
    await device(kernel);
    const peers = [
      { publicKey: A, endpoint: '192.0.2.1:51820', allowedIps: ['10.1.0.0/26', '10.2.0.7/32'], keepalive: 25 },
      { publicKey: B, endpoint: '[2001:db8::1]:51821', allowedIps: ['fd00::/122'] },
    ];
    await kernel.wireguardSet(DEV, { peers });
    const found = await kernel.wireguardGet(DEV);
    t.match(
      found.peers.find(({ publicKey }) => publicKey === A),
      { endpoint: '192.0.2.1:51820', keepalive: 25, latestHandshake: 0, receivedBytes: 0, sentBytes: 0 },
    );
    t.match(
      found.peers.find(({ publicKey }) => publicKey === B),
      { endpoint: '[2001:db8::1]:51821', keepalive: 0 },
    );
    t.same(peersOf(found), { [A]: ['10.1.0.0/26', '10.2.0.7/32'], [B]: ['fd00::/122'] });
  },

  'what a change does not name stays; allowed addresses are replaced as a whole': async ({ t, kernel }) => {
    await device(kernel);
    await kernel.wireguardSet(DEV, { peers: [{ publicKey: A, endpoint: '192.0.2.1:1', allowedIps: ['10.1.0.0/26'] }] });
    await kernel.wireguardSet(DEV, { peers: [{ publicKey: A, keepalive: 7 }] });
    t.match((await kernel.wireguardGet(DEV)).peers, [{ endpoint: '192.0.2.1:1', keepalive: 7 }]);
    await kernel.wireguardSet(DEV, { peers: [{ publicKey: A, allowedIps: ['10.3.0.0/26'] }] });
    t.same(peersOf(await kernel.wireguardGet(DEV)), { [A]: ['10.3.0.0/26'] });
    await kernel.wireguardSet(DEV, { peers: [{ publicKey: A, allowedIps: [] }] });
    t.same(peersOf(await kernel.wireguardGet(DEV)), { [A]: [] });
  },

  'an address that another peer gets is taken from the one that had it': async ({ t, kernel }) => {
    await device(kernel);
    await kernel.wireguardSet(DEV, { peers: [{ publicKey: A, allowedIps: ['10.1.0.0/26', '10.2.0.0/26'] }] });
    await kernel.wireguardSet(DEV, { peers: [{ publicKey: B, allowedIps: ['10.1.0.0/26'] }] });
    t.same(peersOf(await kernel.wireguardGet(DEV)), { [A]: ['10.2.0.0/26'], [B]: ['10.1.0.0/26'] });
  },

  'a peer is removed; one that is not there already is': async ({ t, kernel }) => {
    await device(kernel);
    await kernel.wireguardSet(DEV, { peers: [{ publicKey: A }, { publicKey: B }] });
    await kernel.wireguardSet(DEV, { peers: [{ publicKey: A, remove: true }] });
    t.same(Object.keys(peersOf(await kernel.wireguardGet(DEV))), [B]);
    await kernel.wireguardSet(DEV, { peers: [{ publicKey: A, remove: true }] });
  },

  'a device is no peer of itself': async ({ t, kernel }) => {
    await device(kernel);
    await kernel.wireguardSet(DEV, { privateKey: PRIVATE, peers: [{ publicKey: PUBLIC }, { publicKey: A }] });
    t.same(Object.keys(peersOf(await kernel.wireguardGet(DEV))), [A]);
  },

  'many peers, and many addresses of one, go and come in several messages': async ({ t, kernel }) => {
    await device(kernel);
    const many = Array.from({ length: 1100 }, (_, at) => `10.${at >> 8}.${at & 255}.0/26`).sort();
    const others = Array.from(
      { length: 40 },
      (_, at): WireguardPeerChange => ({
        publicKey: key(at + 10),
        endpoint: `192.0.2.1:${at + 1}`,
        allowedIps: [`fd00::${(at + 1).toString(16)}/128`],
      }),
    );
    const peers = [{ publicKey: A, allowedIps: many }, ...others];
    for (const _ of ['once', 'the same again']) {
      await kernel.wireguardSet(DEV, { peers });
      const found = await kernel.wireguardGet(DEV);
      t.equal(found.peers.length, 41);
      t.same(peersOf(found)[A], many);
    }
    t.equal(
      (await kernel.wireguardGet(DEV)).peers.find(({ publicKey }) => publicKey === key(39 + 10))?.endpoint,
      '192.0.2.1:40',
    );
  },

  'what is on the device outlives its being down, not its deletion': async ({ t, kernel }) => {
    await device(kernel);
    await kernel.wireguardSet(DEV, { privateKey: PRIVATE, listenPort: 51820, peers: [{ publicKey: A }] });
    await kernel.linkSet(DEV, { up: true });
    await kernel.linkSet(DEV, { up: false });
    t.match(await kernel.wireguardGet(DEV), { publicKey: PUBLIC, listenPort: 51820, peers: [{ publicKey: A }] });
    await kernel.linkDelete(DEV);
    await device(kernel);
    t.same((await kernel.wireguardGet(DEV)).peers, []);
  },

  'other links, and none, are refused': async ({ t, kernel }) => {
    await rejects(t, kernel.wireguardGet('nothing'), 'ENODEV');
    await rejects(t, kernel.wireguardSet('nothing', { mark: 1 }), 'ENODEV');
    await rejects(t, kernel.wireguardGet('lo'), 'EOPNOTSUPP');
    await rejects(t, kernel.wireguardSet('lo', { mark: 1 }), 'EOPNOTSUPP');
  },
};
