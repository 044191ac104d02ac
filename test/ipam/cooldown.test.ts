import fc from 'fast-check';
import t from 'tap';
import { parseAddress, parsePrefix } from '../../src/base/index.ts';
import { allocate, assign, type BlockSpec, emptyBlock, release } from '../../src/ipam/block.ts';
import { blockFaults } from '../../src/ipam/block-check.ts';
import { thawed } from '../../src/ipam/cooldown.ts';
import { audit, Collector, readAuditInput } from '../../src/ipam/index.ts';
import { TestCluster } from './cluster.ts';

const MINUTE = 60_000;

/** One block of four addresses, and two minutes of rest. */
async function cluster(): Promise<TestCluster> {
  const it = new TestCluster();
  await it.pool('p', '10.0.0.0/30', { blockSize: 30 });
  await it.node('node1');
  await it.configure({ ipCooldownSeconds: 120 });
  return it;
}

t.test('an address that was given back rests before it is given out again', async (t) => {
  const it = await cluster();
  const all = await it.assignMany('node1', 'a', 4);
  await it.ipam.releaseByHandle('a');
  t.strictSame(await it.assignMany('node1', 'b', 1), []);
  it.clock.advance(2 * MINUTE - 1000);
  t.strictSame(await it.assignMany('node1', 'b', 1), []);
  it.clock.advance(1000);
  t.strictSame(await it.assignMany('node1', 'b', 4), all);
  t.strictSame(
    audit(await readAuditInput(it.store)).findings.filter(({ code }) => code !== 'LEAKED_ADDRESS'),
    [],
  );
});

t.test('meanwhile it is nobody’s, and the block says whose it was', async (t) => {
  const it = await cluster();
  const [address] = await it.assignMany('node1', 'a', 1);
  await it.ipam.releaseByHandle('a');
  const [{ spec }] = (await it.store.list('IPAMBlock')).items;
  t.match(spec.attributes, [{ handle_id: 'a', releasedAt: '2026-01-02T03:04:05Z', secondary: { pod: 'a' } }]);
  t.match(spec, { allocations: [0, null, null, null], unallocated: [1, 2, 3] });
  t.equal(await it.ipam.getAssignmentAttributes(parseAddress(address)), undefined);
  await t.rejects(it.ipam.ipsByHandle('a'), { code: 'HANDLE_NOT_FOUND' });
  t.strictSame(await it.ipam.releaseIps([{ address: parseAddress(address) }]), [parseAddress(address)]);
  t.strictSame(audit(await readAuditInput(it.store)).findings, [], 'no leak, no lost handle');
});

t.test('whoever asks for it by name gets it', async (t) => {
  const it = await cluster();
  const [address] = await it.assignMany('node1', 'a', 1);
  await it.ipam.releaseByHandle('a');
  await it.ipam.assignIp(parseAddress(address), { hostname: 'node1', handleId: 'b' });
  t.match(await it.ipam.getAssignmentAttributes(parseAddress(address)), { handleId: 'b' });
  t.strictSame(
    audit(await readAuditInput(it.store)).findings.map(({ code }) => code),
    ['LEAKED_ADDRESS'],
    'the block is sound',
  );
});

t.test('another client, that has never seen the settings, keeps to them too', async (t) => {
  const it = await cluster();
  await it.assignMany('node1', 'a', 4);
  await it.client().releaseByHandle('a');
  t.strictSame(await it.assignMany('node1', 'b', 1, it.client()), []);
});

t.test('the collector frees what rests in blocks that nobody touches, and removes those of nobody', async (t) => {
  const it = await cluster();
  await it.assignMany('node1', 'a', 2);
  await it.ipam.releaseByHandle('a');
  await it.ipam.releaseHostAffinities('node1', false);
  t.strictSame(await it.dump(), ['block 10.0.0.0/30 - 2/4']);
  const collector = new Collector({ store: it.store, ipam: it.client(), clock: it.clock });
  await collector.sweep();
  t.strictSame(await it.dump(), ['block 10.0.0.0/30 - 2/4'], 'not yet');
  it.clock.advance(3 * MINUTE);
  await collector.sweep();
  t.strictSame(await it.dump(), []);
});

t.test('when the cooldown is switched off, what rests is free', async (t) => {
  const it = await cluster();
  await it.assignMany('node1', 'a', 4);
  await it.ipam.releaseByHandle('a');
  const settings = (await it.store.get({ kind: 'IPAMConfiguration', name: 'default' }))!;
  await it.store.update({ ...settings, spec: {} });
  t.equal((await it.assignMany('node1', 'b', 4)).length, 4);
});

t.test('times that can’t be read, or lie far ahead, keep nothing for ever', async (t) => {
  for (const releasedAt of ['soon', '2126-01-01T00:00:00Z']) {
    const block = emptyBlock(parsePrefix('10.0.0.0/31'), undefined, 0);
    const damaged = allocate(block, 1, { handle_id: 'a', secondary: {}, releasedAt }).block;
    t.strictSame(thawed(damaged, MINUTE, Date.UTC(2026, 0, 1)).unallocated, [1, 0], releasedAt);
  }
});

t.test('whatever happens to a block, it stays sound, and rests are kept', async () => {
  const start = Date.UTC(2026, 0, 1);
  const ordinal = fc.nat(7);
  const step = fc.oneof(
    fc.record({ do: fc.constant('allocate' as const), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constant('assign' as const), ordinal }),
    fc.record({ do: fc.constant('release' as const), ordinal }),
    fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 90 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let block: BlockSpec = emptyBlock(parsePrefix('10.0.0.0/29'), 'host:n', start);
      let now = start;
      let made = 0;
      const releasedAt = new Map<number, number>();
      for (const taken of steps) {
        block = thawed(block, MINUTE, now);
        const owner = { handle_id: `h${made++}`, secondary: {} };
        if (taken.do === 'wait') now += taken.seconds * 1000;
        else if (taken.do === 'allocate') {
          const given = allocate(block, taken.count, owner);
          for (const at of given.ordinals) if (now - (releasedAt.get(at) ?? -MINUTE) < MINUTE) return false;
          block = given.block;
        } else if (taken.do === 'assign') {
          try {
            block = assign(block, taken.ordinal, owner);
          } catch {
            // Somebody has it.
          }
        } else {
          const given = release(block, [{ ordinal: taken.ordinal }], now);
          for (const at of given.released) releasedAt.set(at, now);
          block = given.block;
        }
        if (blockFaults(block).length > 0) return false;
      }
      return true;
    }),
    { seed: 5, numRuns: 500 },
  );
});
