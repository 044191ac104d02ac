import t from 'tap';
import { Entries, EntriesWriter, type Family, silentLog, VirtualClock } from '../../../src/base/index.ts';
import { type DesiredSet, PLAIN_SETTINGS } from '../../../src/calc/desired/index.ts';
import { FilterReconciler } from '../../../src/dataplane/filter/index.ts';
import { PolicyReconciler } from '../../../src/dataplane/policy/index.ts';
import { policyChain } from '../../../src/dataplane/policy/names.ts';
import { parseSelector } from '../../../src/model/index.ts';
import { NftError, type Transaction } from '../../../src/nftables/index.ts';
import type { Policy } from '../../../src/policy/form.ts';
import { setKey } from '../../../src/policy/index.ts';
import { FakeNft } from '../../fakes/fake-nft.ts';
import { heldTo, policyThat } from './held.ts';

/** An nft whose kernel has no room for these elements. */
class FullNft extends FakeNft {
  readonly full = new Set<string>();
  /** When it has room for them nevertheless. */
  hasRoom = (): boolean => false;
  /** How often it has said so. */
  refusals = 0;

  override async run(transaction: Transaction): Promise<void> {
    for (const operation of transaction.operations) {
      if (operation.kind !== 'add element') continue;
      if (!this.hasRoom() && operation.elements.some((one) => this.full.has(one))) {
        this.refusals++;
        throw new NftError('ENOSPC', 'nft', 'No space left on device');
      }
    }
    await super.run(transaction);
  }
}

const SELECTOR = parseSelector("app == 'bad'");
const KEY = setKey({ kind: 'selector', selector: SELECTOR });
const POLICY = /^policy for IPv4: ingress of GlobalNetworkPolicy guarded/;

/** Denies what comes from the set and allows the rest: what the set lacks would get in. */
function guarded(): Policy {
  const all = policyThat('Allow');
  const [rest] = all.rules.ingress ?? [];
  const bad = { ...rest, action: 'Deny', match: { source: { selector: SELECTOR }, destination: {} } } as const;
  return {
    ...all,
    id: { kind: 'GlobalNetworkPolicy', name: 'guarded' },
    rules: { ...all.rules, ingress: [bad, rest] },
  };
}

/** A node with one pod under that policy, and what its kernel makes of it. */
function node(settings = PLAIN_SETTINGS) {
  const nft = new FullNft();
  const clock = new VirtualClock();
  const policy = new PolicyReconciler({ filter: new FilterReconciler({ nft, clock, log: silentLog }) });
  const held = heldTo(guarded(), ['cali1']);
  const writer = new EntriesWriter<Family>(Object.is);
  const want = (...members: readonly string[]): Promise<void> => {
    for (const one of [...writer.keys()]) if (!members.includes(one)) writer.set(one, undefined);
    for (const one of members) writer.set(one, 4);
    const set: DesiredSet = { of: 'addresses', members: writer.commit(), nets: Entries.of() };
    return policy.apply({ ...held, sets: Entries.of([[KEY, set]]), settings }, []);
  };
  const chain = (): readonly string[] => {
    const [, table] = nft.tables.find(([name]) => name === 'ip vrouter-policy') ?? [];
    const own = policyChain(guarded(), 'ingress');
    return table?.rules.filter(({ chain: name }) => name === own).map(({ comment }) => `${comment}`) ?? [];
  };
  return { nft, clock, policy, want, chain };
}

/** Whether whoever is asked by the policy meets a drop, and nothing else. */
function isShut(chain: readonly string[]): boolean {
  return chain.length === 1 && / is refused /.test(chain[0]);
}

t.test('a set that the kernel has no room for shuts those who look into it, and names both', async (t) => {
  const { nft, policy, want, chain } = node();
  nft.full.add('10.0.0.2');
  await want('10.0.0.1', '10.0.0.2');
  t.ok(isShut(chain()), chain().join());
  const named = policy.failures();
  t.match(named, [
    { what: `policy for IPv4: set ${KEY}`, reason: /No space/ },
    { what: POLICY, reason: /No space/ },
  ]);
});

t.test('one that grows too large: what it said before is no longer enough', async (t) => {
  const { nft, clock, policy, want, chain } = node();
  await want('10.0.0.1');
  const open = chain();
  t.equal(open.length, 2);
  nft.full.add('10.0.0.2');
  await want('10.0.0.1', '10.0.0.2');
  t.ok(isShut(chain()), 'the new member is not denied by the old set, so nobody is let in');
  t.match(policy.failures(), [{ what: /set/ }, { what: POLICY, reason: /^it needs set .*No space/ }]);

  await t.test('while it is so, another word of the policy opens nothing', async (t) => {
    await policy.follow(true);
    t.ok(isShut(chain()));
    await policy.follow(false);
  });
  await t.test('when the set changes, both are tried at once', async (t) => {
    await want('10.0.0.1', '10.0.0.3');
    t.same(chain(), open);
    t.same(policy.failures(), []);
  });
  await t.test('when the kernel has room again, both are there with the next attempt', async (t) => {
    await want('10.0.0.1', '10.0.0.2');
    t.ok(isShut(chain()));
    nft.full.clear();
    await clock.advanceAsync(1000);
    await policy.settled;
    t.same(chain(), open);
    t.same(policy.failures(), []);
  });
});

t.test('a set that is taken as soon as nobody looks into it any more opens at once what was shut for it', async (t) => {
  const { nft, policy, want, chain } = node();
  nft.full.add('10.0.0.2');
  nft.hasRoom = () => isShut(chain());
  await want('10.0.0.1', '10.0.0.2');
  t.equal(chain().length, 2);
  t.same(policy.failures(), []);
});

t.test('maxIpsetSize: a larger set is not written, and shuts those who look into it', async (t) => {
  const { nft, policy, want, chain } = node({ ...PLAIN_SETTINGS, maxSetSize: 2 });
  await want('10.0.0.1', '10.0.0.2');
  t.equal(chain().length, 2);
  await want('10.0.0.1', '10.0.0.2', '10.0.0.3');
  t.ok(isShut(chain()));
  t.notOk(nft.done.join('').includes('10.0.0.3'));
  t.match(policy.failures(), [
    { reason: 'it has 3 entries, and maxIpsetSize of FelixConfiguration is 2' },
    { what: POLICY },
  ]);
  await want('10.0.0.2', '10.0.0.3');
  t.equal(chain().length, 2);
  t.same(policy.failures(), []);
});

const DAY = 24 * 3_600_000;

t.test('a set that is too large is not tried again as long as it is the same', async (t) => {
  const { nft, clock, policy, want, chain } = node({ ...PLAIN_SETTINGS, maxSetSize: 2 });
  await want('10.0.0.1', '10.0.0.2', '10.0.0.3');
  const calls = nft.calls.length;
  await clock.advanceAsync(DAY);
  await policy.settled;
  t.equal(nft.calls.length, calls, 'the kernel is asked nothing for a day');
  t.equal(clock.pending, 0, 'and nobody waits for anything');
  t.ok(isShut(chain()));
  await policy.look();
  t.ok(isShut(chain()), 'a look changes nothing of it');
  t.match(policy.failures(), [{ reason: /maxIpsetSize/ }, { what: POLICY }]);
});

t.test('a set that the kernel has no room for is tried again later and later, while it is the same', async (t) => {
  const { nft, clock, policy, want, chain } = node();
  nft.full.add('10.0.0.2');
  await want('10.0.0.1', '10.0.0.2');
  nft.refusals = 0;
  const trialsIn = async (time: number): Promise<number> => {
    const before = nft.refusals;
    for (let at = 0; at < time; at += 60_000) await clock.advanceAsync(60_000);
    await policy.settled;
    return nft.refusals - before;
  };
  t.ok((await trialsIn(60_000)) >= 2, 'soon at first');
  await trialsIn(DAY);
  const trials = await trialsIn(DAY);
  t.ok(trials >= 24, 'for ever');
  t.ok(trials < 24 * 6, 'but seldom: by halves, each is up to three');

  await t.test('looks don’t try it', async (t) => {
    const before = nft.refusals;
    await policy.look();
    t.equal(nft.refusals, before);
  });
  await t.test('nor do other parts that change, nor those that the kernel refuses besides', async (t) => {
    const before = nft.refusals;
    nft.unsupported = /log/;
    await policy.follow(true);
    await clock.advanceAsync(600_000);
    await policy.settled;
    // With a part that is refused for itself it takes one step more to find which it is.
    t.ok(nft.refusals - before <= 4, `one trial at most, by halves: ${nft.refusals - before}`);
    await policy.follow(false);
  });
  await t.test('when it changes, it is tried at once', async (t) => {
    const before = nft.refusals;
    await want('10.0.0.1', '10.0.0.2', '10.0.0.3');
    t.ok(nft.refusals > before);
    await want('10.0.0.1');
    t.same(policy.failures(), []);
    t.notOk(isShut(chain()));
  });
});

t.test('drops of a policy that is shut are told by name while they are followed', async (t) => {
  const { nft, policy, want } = node();
  nft.full.add('10.0.0.2');
  await policy.follow(true);
  await want('10.0.0.2');
  const drop = [...policy.drops()].find(([, why]) => /^ingress of .*guarded is refused by the kernel/.test(why));
  t.ok(drop, 'the drop has a name');
  const [, table] = nft.tables.find(([name]) => name === 'ip vrouter-policy') ?? [];
  const rules = table?.rules.filter(({ chain }) => chain === drop?.[0]).map(({ comment }) => `${comment}`) ?? [];
  t.match(rules, [/, told /, / is refused by the kernel /], 'told first, then dropped');
});
