import { type PeerConfig, Speaker } from 'bgp-speaker-ts';
import t from 'tap';
import { type Log, silentLog, VirtualClock } from '../../src/base/index.ts';
import { Admissions } from '../../src/bgp/transport/admissions.ts';
import type { Admission, AdmissionRefusal, Listener, Transport } from '../../src/bgp/transport/index.ts';

/** A listener that only remembers who may connect, and how many words it took to say so. */
class Doorkeeper implements Listener {
  readonly address = '0.0.0.0';
  readonly port = 179;
  readonly admissions = new Admissions();
  /** Peers whose keys it refuses. */
  readonly refuses = new Set<string>();
  words = 0;

  admit(all: readonly Admission[]): readonly AdmissionRefusal[] {
    return this.adjust(all, this.admissions.without(all));
  }

  adjust(changed: readonly Admission[], gone: readonly Admission['from'][]): readonly AdmissionRefusal[] {
    this.words += changed.length + gone.length;
    for (const from of gone) this.admissions.delete(from);
    const refused = changed.filter(({ from }) => typeof from === 'string' && this.refuses.has(from));
    for (const { from } of refused) this.admissions.delete(from);
    for (const one of changed) if (!refused.includes(one)) this.admissions.set(one);
    return refused.map(({ from }) => ({ from, reason: 'no room for its key' }));
  }

  close(): void {}
}

async function speakerWith(door: Doorkeeper, peers: readonly PeerConfig[], log = silentLog): Promise<Speaker> {
  const transport: Transport = { dial: () => () => {}, listen: async () => door };
  const listen = [{ address: '0.0.0.0', port: 179 }];
  const options = { asn: 64512, routerId: '10.0.0.1', listen, clock: new VirtualClock(), log };
  const speaker = new Speaker(options, transport);
  speaker.configure(peers);
  await speaker.start();
  return speaker;
}

const addressOf = (n: number): string => `10.1.${n >> 8}.${n & 255}`;
const peer = (n: number, more: Partial<PeerConfig> = {}): PeerConfig => ({
  ...{ address: addressOf(n), remoteAs: 64512, passive: true },
  ...more,
});

t.test('what the listeners are told of a change is the change, however many peers there are', async (t) => {
  const door = new Doorkeeper();
  const speaker = await speakerWith(
    door,
    Array.from({ length: 1000 }, (_, n) => peer(n)),
  );
  t.equal(door.words, 1000, 'all of it at the start');
  const told = (change: () => void): number => {
    door.words = 0;
    change();
    return door.words;
  };
  t.equal(
    told(() => speaker.adjust([peer(7, { password: 'new' })], [])),
    1,
    'a password',
  );
  t.equal(
    told(() => speaker.adjust([peer(7, { password: 'new', holdTime: 30 })], [])),
    0,
    'nothing that admits',
  );
  t.equal(
    told(() => speaker.adjust([peer(1000)], [addressOf(8)])),
    2,
    'one comes, one goes',
  );
  t.equal(door.admissions.find(addressOf(8)), undefined);
  t.same(door.admissions.find(addressOf(1000)), { from: addressOf(1000) });
  t.equal(
    told(() => speaker.adjust([], ['10.9.9.9'])),
    0,
    'a stranger goes',
  );
  await speaker.stop('shutdown');
});

t.test('a peer that is refused is said so, and tried again with the next change', async (t) => {
  const door = new Doorkeeper();
  door.refuses.add(addressOf(3));
  const said: unknown[] = [];
  const log: Log = { ...silentLog, error: (fields) => said.push(fields) };
  const speaker = await speakerWith(door, [peer(3), peer(4)], log);
  t.same(said, [{ peer: addressOf(3) }]);
  t.equal(door.admissions.find(addressOf(3)), undefined);
  speaker.adjust([peer(5)], []);
  t.equal(said.length, 2, 'it is refused again');
  door.refuses.clear();
  speaker.adjust([peer(6)], []);
  t.ok(door.admissions.find(addressOf(3)));
  door.words = 0;
  speaker.adjust([peer(7)], []);
  t.equal(door.words, 1, 'and has no more to be told');
  await speaker.stop('shutdown');
});

t.test('any way of changes ends with those let in who are configured', async (t) => {
  for (let seed = 1; seed <= 30; seed++) {
    let state = seed;
    const below = (limit: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    const any = (): PeerConfig => {
      const n = below(12);
      if (n === 10) return peer(0, { address: '10.1.0.0/28', ...(below(2) === 0 && { password: 'range' }) });
      const password = ['one', 'other', undefined][below(3)];
      return peer(n === 11 ? 1 : n, { ...(n >= 9 && { name: `named-${n}` }), ...(password && { password }) });
    };
    const door = new Doorkeeper();
    const configured = new Map<string, PeerConfig>();
    const nameOf = ({ name, address }: PeerConfig): string => name ?? address;
    const speaker = await speakerWith(door, []);
    for (let step = 0; step < 30; step++) {
      const changed = Array.from({ length: below(3) }, any);
      const gone = [...configured.keys()].filter(() => below(6) === 0);
      for (const name of gone) configured.delete(name);
      for (const one of changed) configured.set(nameOf(one), one);
      if (below(4) === 0) speaker.configure([...configured.values()]);
      else speaker.adjust(changed, gone);
    }
    const [kept, fresh] = [door.admissions, new Doorkeeper()];
    await (await speakerWith(fresh, [...configured.values()])).stop('shutdown');
    for (let n = 0; n < 18; n++)
      t.same(kept.find(addressOf(n)), fresh.admissions.find(addressOf(n)), `seed ${seed}: ${addressOf(n)}`);
    await speaker.stop('shutdown');
  }
});
