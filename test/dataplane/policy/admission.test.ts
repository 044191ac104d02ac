import t from 'tap';
import { Entries, silentLog, VirtualClock } from '../../../src/base/index.ts';
import type { DesiredPolicy, DesiredSet, DesiredWorkload } from '../../../src/calc/desired/index.ts';
import { FilterReconciler } from '../../../src/dataplane/filter/index.ts';
import { PolicyReconciler } from '../../../src/dataplane/policy/index.ts';
import { parseSelector } from '../../../src/model/index.ts';
import type { Transaction } from '../../../src/nftables/index.ts';
import { setKey } from '../../../src/policy/index.ts';
import { FakeNft } from '../../fakes/fake-nft.ts';
import { heldTo, policyThat } from './held.ts';

/** An nft that carries out nothing until it is let. */
class PatientNft extends FakeNft {
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => {};

  shut(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    [this.#gate, this.#open] = [promise, resolve];
  }

  open(): void {
    this.#open();
  }

  override async run(transaction: Transaction): Promise<void> {
    await this.#gate;
    await super.run(transaction);
  }
}

const SET = setKey({ kind: 'selector', selector: parseSelector("app == 'bad'") });
const POD: DesiredWorkload = {
  key: 'red/web',
  interfaceName: 'cali1',
  addresses: [],
  floatingIps: [],
  sourcePrefixes: [],
  why: 'endpoint red/web',
};
const at = (...addresses: readonly string[]): DesiredWorkload => ({
  ...POD,
  addresses: addresses.map((address) => `${address}/32`),
});

/** All pods of the node are held to the same; a set of it names some of them. */
function policyWith(names: readonly string[], ...members: readonly string[]): DesiredPolicy {
  const set: DesiredSet = {
    of: 'addresses',
    members: Entries.of(members.map((member) => [member, 4] as const)),
    nets: Entries.of(),
  };
  return { ...heldTo(policyThat('Allow'), names), sets: Entries.of([[SET, set]]) };
}

function node() {
  const nft = new PatientNft();
  const filter = new FilterReconciler({ nft, clock: new VirtualClock(), log: silentLog });
  const policy = new PolicyReconciler({ filter });
  const told: string[][] = [];
  policy.onAdmitted = (names) => told.push([...names]);
  const members = (): readonly string[] => {
    const [, table] = nft.tables.find(([name]) => name === 'ip vrouter-policy') ?? [];
    return table?.sets.flatMap(({ elements }) => elements) ?? [];
  };
  return { nft, filter, policy, told, members };
}

t.test('a pod that comes back with another address is led to when the sets know it', async (t) => {
  const { nft, policy, told, members } = node();
  await policy.apply(policyWith(['cali1'], '10.0.0.1'), [at('10.0.0.1')]);
  t.ok(policy.admits('cali1', '10.0.0.1/32'), 'what was there at the start is led to');
  nft.shut();
  const done = policy.apply(policyWith(['cali1'], '10.0.0.2'), [at('10.0.0.2')]);
  t.notOk(policy.admits('cali1', '10.0.0.2/32'), 'its chains are there, and its membership is not');
  t.equal(policy.lacking('cali1'), 'it is not in the packet filter yet');
  nft.open();
  await done;
  t.same(members(), ['10.0.0.2']);
  t.same([policy.admits('cali1', '10.0.0.2/32'), told], [true, [['cali1']]], 'whoever leads there is told');
});

t.test('a pod that gets a second address keeps its first meanwhile', async (t) => {
  const { nft, policy } = node();
  await policy.apply(policyWith(['cali1'], '10.0.0.1'), [at('10.0.0.1')]);
  nft.shut();
  const done = policy.apply(policyWith(['cali1'], '10.0.0.1', '10.0.0.2'), [at('10.0.0.1', '10.0.0.2')]);
  const admitted = ['10.0.0.1/32', '10.0.0.2/32', '192.0.2.1/32'].map((cidr) => policy.admits('cali1', cidr));
  t.same(admitted, [true, false, false], 'a floating address waits for all of its own');
  nft.open();
  await done;
  t.ok(policy.admits('cali1'));
});

t.test('an address that changes nothing in the packet filter is led to at once', async (t) => {
  const { policy } = node();
  const held = policyWith(['cali1']);
  await policy.apply(held, [at('10.0.0.1')]);
  void policy.apply(held, [at('10.0.0.2')]);
  t.ok(policy.admits('cali1', '10.0.0.2/32'));
});

t.test('changes that come one after another do not keep a pod waiting', async (t) => {
  const { nft, policy, told } = node();
  await policy.apply(policyWith([], '10.0.0.9'), []);
  nft.shut();
  const pods = [at('10.0.0.1')];
  void policy.apply(policyWith(['cali1'], '10.0.0.1'), pods);
  const admitted = new Promise<void>((resolve) => {
    policy.onAdmitted = (names) => {
      told.push([...names]);
      resolve();
    };
  });
  const later = policy.apply(policyWith(['cali1'], '10.0.0.1', '10.0.0.3'), pods);
  nft.open();
  await admitted;
  t.same(told, [['cali1']]);
  await later;
});

t.test('a pod that waited is led to when nothing restricts anybody any more', async (t) => {
  const { nft, policy, told } = node();
  await policy.apply(policyWith([]), []);
  nft.shut();
  const pods = [at('10.0.0.1')];
  void policy.apply(policyWith(['cali1']), pods);
  t.notOk(policy.admits('cali1'));
  const done = policy.apply(undefined, pods);
  t.same([policy.admits('cali1'), told], [true, [['cali1']]]);
  nft.open();
  await done;
});
