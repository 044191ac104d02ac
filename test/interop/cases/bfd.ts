import { execFileSync } from 'node:child_process';
import type { Test } from 'tap';
import { silentLog } from '../../../src/base/index.ts';
import { type BfdAccount, BfdThread } from '../../../src/bfd/index.ts';
import type { Bench } from '../bench.ts';
import type { Case } from '../case.ts';
import { HOST } from '../network.ts';
import { BFD_INTERVAL, BFD_MULTIPLIER, type BfdHops } from '../peer.ts';

const [ASN, PEER_ASN] = [64512, 64513];
/** What we send no more reaches nobody, and nobody says that it does not. */
const SILENCE = 'table inet silence { chain out { type filter hook output priority 0; udp dport 3784 drop; }; }';

/** The end of the last case that has begun: who speaks BFD takes a port of the whole namespace. */
let last: Promise<void> = Promise.resolve();

/** Resolves when no other case has BFD; when the test is over, the next one has its turn. */
async function turn(t: Test): Promise<void> {
  const before = last;
  last = new Promise((resolve) => t.teardown(() => resolve()));
  await before;
}

/** A BGP session with BFD beside it, up as both sides see it. */
async function watched(t: Test, bench: Bench, hops: BfdHops) {
  await turn(t);
  const bfd = new BfdThread(silentLog);
  t.teardown(() => bfd.stop());
  const [address, localAddress] = [HOST.peer, HOST.us].map((host) => bench.address(host));
  const session = await bench.session({ asn: ASN, peerAsn: PEER_ASN, theirs: { bfd: hops } });
  const timers = {
    ...{ sendInterval: BFD_INTERVAL, receiveInterval: BFD_INTERVAL, idleInterval: 1000 },
    multiplier: BFD_MULTIPLIER,
  };
  bfd.configure([{ name: address, address, localAddress, multihop: hops === 'several', timers }]);
  const account = (): BfdAccount => bfd.accounts.get(address)!;
  const up = (): Promise<void> =>
    bench.until('BFD', async () => {
      const { state, detectionTime } = account();
      return state === 'Up' && detectionTime === BFD_INTERVAL * BFD_MULTIPLIER && (await session.peer.bfd!());
    });
  await up();
  return { ...session, account, up };
}

/** Whether a neighbour is still there (RFC 5880), beside BGP and for it. */
export const bfdCases: readonly Case[] = [
  {
    name: 'BFD over one hop',
    async run(t, bench) {
      const { account } = await watched(t, bench, 'one');
      t.match(account(), { remoteState: 'Up', transmitInterval: BFD_INTERVAL });
    },
  },
  {
    name: 'BFD over several hops',
    async run(t, bench) {
      const { account } = await watched(t, bench, 'several');
      t.match(account(), { remoteState: 'Up', transmitInterval: BFD_INTERVAL });
    },
  },
  {
    name: 'BFD ends the session: the peer hears us no more',
    async run(t, bench) {
      const { us, peer, at, up } = await watched(t, bench, 'one');
      const before = us.downs.length;
      execFileSync('nft', [SILENCE]);
      await bench.until('the peer to end it', () => us.downs.length > before);
      t.notMatch(us.downs.at(-1), /hold timer/);
      execFileSync('nft', ['delete table inet silence']);
      await up();
      await bench.established(us, peer, at);
    },
  },
];
