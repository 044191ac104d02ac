import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import type { DesiredPool } from '../../src/calc/index.ts';
import { NatReconciler } from '../../src/dataplane/nat/reconcile.ts';
import { natTable, natTransaction } from '../../src/dataplane/nat/render.ts';
import { Transaction } from '../../src/nftables/index.ts';
import { FakeNft } from '../fakes/fake-nft.ts';

function pool(cidr: string, natOutgoing: boolean, more: Partial<DesiredPool> = {}): DesiredPool {
  return {
    name: cidr,
    cidr,
    ipip: 'Never',
    vxlan: 'Never',
    natOutgoing,
    disabled: false,
    disableBgpExport: false,
    ...more,
  };
}

const POOLS = [pool('10.244.0.0/16', true), pool('10.99.0.0/16', false, { disabled: true }), pool('fd00::/64', false)];

function reconciler(nft = new FakeNft()): { nft: FakeNft; clock: VirtualClock; nat: NatReconciler } {
  const clock = new VirtualClock();
  return { nft, clock, nat: new NatReconciler({ nft, clock, log: silentLog }) };
}

t.test('packets from a pool with natOutgoing to outside every pool are masqueraded', async (t) => {
  const text = natTransaction(4, POOLS)?.text.replaceAll(/natOutgoing [0-9a-f]{8}/g, 'natOutgoing …');
  t.equal(
    text,
    [
      'add table ip vrouter-nat',
      'delete table ip vrouter-nat',
      'add table ip vrouter-nat',
      'add set ip vrouter-nat masq-ipam-pools { type ipv4_addr ; flags interval ; auto-merge ; }',
      'add element ip vrouter-nat masq-ipam-pools { 10.244.0.0/16 }',
      'add set ip vrouter-nat network-ip-pools { type ipv4_addr ; flags interval ; auto-merge ; }',
      'add element ip vrouter-nat network-ip-pools { 10.244.0.0/16, 10.99.0.0/16 }',
      'add chain ip vrouter-nat nat-outgoing { type nat hook postrouting priority 100 ; }',
      'flush chain ip vrouter-nat nat-outgoing',
      'add rule ip vrouter-nat nat-outgoing ip saddr @masq-ipam-pools ip daddr != @network-ip-pools masquerade comment "natOutgoing …"',
      '',
    ].join('\n'),
  );
  t.equal(natTransaction(6, POOLS), undefined);
});

t.test('one transaction for a change, none when nothing differs, also after a restart', async (t) => {
  const { nft, nat } = reconciler();
  await nat.apply(POOLS);
  t.equal(nft.done.length, 1);
  await nat.apply([...POOLS]);
  await nat.resync();
  await reconciler(nft).nat.apply(POOLS);
  t.equal(nft.done.length, 1);
  await nat.apply([...POOLS, pool('10.98.0.0/16', true)]);
  t.equal(nft.done.length, 2);
});

t.test('the table goes with the last pool that has natOutgoing', async (t) => {
  const { nft, nat } = reconciler();
  await nat.apply(POOLS);
  await nat.apply(POOLS.slice(1));
  t.equal(await nft.list({ family: 'ip', name: 'vrouter-nat' }), undefined);
  await nat.resync();
  t.equal(nft.done.length, 2);
});

t.test('a table that somebody deletes is made again', async (t) => {
  const { nft, nat } = reconciler();
  await nat.apply(POOLS);
  const [text] = nft.done;

  await nft.run(new Transaction(natTable(4)).removeTable());
  await nat.resync();
  t.equal(nft.done.at(-1), text);
});

t.test('a refusal is named and tried again', async (t) => {
  const { nft, nat, clock } = reconciler();
  nft.failOnce('Error: no such thing');
  await nat.apply(POOLS);
  t.match(nat.failures(), [{ family: 4, reason: /no such thing/ }]);
  await clock.advanceAsync(1000);
  t.same(nat.failures(), []);
  t.equal(nft.done.length, 1);
});
