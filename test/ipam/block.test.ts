import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { parseAddress, parsePrefix } from '../../src/base/index.ts';
import {
  addressText,
  allocate,
  assign,
  attributeOf,
  type BlockSpec,
  disowned,
  emptyBlock,
  isBorrowed,
  isEmpty,
  ordinalOf,
  ordinalsOfHandle,
  release,
} from '../../src/ipam/block.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const fresh = (cidr = '10.0.0.0/26'): BlockSpec => emptyBlock(parsePrefix(cidr), 'host:node1', NOW);
const owner = (handle_id: string, node = 'node1') => ({ handle_id, secondary: { node } });

t.test('a new block is stored as Calico stores it', async (t) => {
  const block = fresh('10.0.0.8/30');
  t.strictSame(block, {
    cidr: '10.0.0.8/30',
    affinity: 'host:node1',
    affinityClaimTime: '2026-01-02T03:04:05Z',
    allocations: [null, null, null, null],
    unallocated: [0, 1, 2, 3],
    attributes: [],
    sequenceNumber: BigInt(NOW) * 1_000_000n,
    sequenceNumberForAllocation: {},
    deleted: false,
    strictAffinity: false,
  });
});

t.test('allocation pops the queue, notes the sequence number and shares equal attributes', async (t) => {
  const before = fresh('10.0.0.8/30');
  const first = allocate(before, 2, owner('a'));
  const second = allocate(first.block, 1, owner('a'));
  t.strictSame([first.ordinals, second.ordinals], [[0, 1], [2]]);
  t.strictSame(second.block.allocations, [0, 0, 0, null]);
  t.strictSame(second.block.unallocated, [3]);
  t.strictSame(second.block.attributes, [owner('a')]);
  const start = before.sequenceNumber!;
  t.strictSame(second.block.sequenceNumberForAllocation, { 0: start, 1: start, 2: start + 1n });
  t.equal(second.block.sequenceNumber, start + 2n);
});

t.test('reserved addresses are stepped over and keep their place', async (t) => {
  const { block, ordinals } = allocate(fresh('10.0.0.8/30'), 2, owner('a'), (ordinal) => ordinal === 0);
  t.strictSame(ordinals, [1, 2]);
  t.strictSame(block.unallocated, [0, 3]);
});

t.test('asking a full block changes nothing, and costs no write', async (t) => {
  const full = allocate(fresh('10.0.0.8/30'), 4, owner('a')).block;
  const more = allocate(full, 1, owner('b'));
  t.equal(more.block, full);
  t.strictSame(more.ordinals, []);
});

t.test('a released address goes to the end of the queue', async (t) => {
  const taken = allocate(fresh('10.0.0.8/30'), 2, owner('a')).block;
  const { block } = release(taken, [{ ordinal: 0 }]);
  t.strictSame(block.unallocated, [2, 3, 0]);
  t.strictSame(allocate(block, 3, owner('b')).ordinals, [2, 3, 0]);
});

t.test('attributes that nobody uses any more are pruned and the others renumbered', async (t) => {
  let block = fresh('10.0.0.8/30');
  for (const handle of ['a', 'b', 'c']) block = allocate(block, 1, owner(handle)).block;
  block = release(block, [{ ordinal: 1 }]).block;
  t.strictSame(block.attributes, [owner('a'), owner('c')]);
  t.strictSame(block.allocations, [0, null, 1, null]);
  t.notOk('1' in block.sequenceNumberForAllocation!);
});

t.test('a release with the wrong handle or sequence number takes nothing', async (t) => {
  const { block } = allocate(fresh(), 1, owner('a'));
  const sequenceNumber = block.sequenceNumberForAllocation!['0'];
  t.throws(() => release(block, [{ ordinal: 0, handleId: 'b' }]), {
    code: 'BAD_HANDLE',
    message: 'the given handle (b) does not match (a) when attempting to release IP',
  });
  t.throws(() => release(block, [{ ordinal: 0, sequenceNumber: sequenceNumber + 1n }]), { code: 'BAD_SEQUENCE' });
  t.strictSame(release(block, [{ ordinal: 0, handleId: 'a', sequenceNumber }]).released, [0]);
});

t.test('releasing what nobody has is told, not an error', async (t) => {
  const block = fresh();
  const outcome = release(block, [{ ordinal: 5 }]);
  t.equal(outcome.block, block);
  t.strictSame(outcome.notAllocated, [5]);
});

t.test('an address that somebody has is not assigned again', async (t) => {
  const block = assign(fresh(), 5, owner('a'));
  t.throws(() => assign(block, 5, owner('b')), {
    code: 'ADDRESS_TAKEN',
    message: 'Address already assigned in block: 10.0.0.5',
  });
  t.notOk(block.unallocated.includes(5));
});

t.test('a handle with rubbish behind a carriage return is the same handle', async (t) => {
  const block = assign(fresh(), 5, owner('a\r\neth0'));
  t.strictSame(ordinalsOfHandle(block, 'a'), [5]);
  t.strictSame(release(block, [{ ordinal: 5, handleId: 'a' }]).countByHandle, new Map([['a', 1]]));
});

t.test('borrowed is what another node has', async (t) => {
  let block = assign(fresh(), 0, owner('a', 'node1'));
  block = assign(block, 1, owner('b', 'node2'));
  block = assign(block, 2, { handle_id: 'c', secondary: {} });
  t.strictSame(
    [0, 1, 2].map((ordinal) => isBorrowed(block, ordinal)),
    [false, true, undefined],
  );
  t.equal(isBorrowed(disowned(block), 0), true);
});

t.test("what Windows nodes reserve doesn't keep a block in use", async (t) => {
  const reserved = assign(fresh(), 0, {
    handle_id: 'Windows-Reserved-IPAM-Handle',
    secondary: { note: 'windows host rsvd' },
  });
  t.equal(isEmpty(reserved), true);
  t.equal(isEmpty(assign(reserved, 1, owner('a'))), false);
});

t.test('IPv6 blocks count the same way', async (t) => {
  const block = fresh('fd00::40/122');
  t.equal(block.unallocated.length, 64);
  t.equal(addressText(block, 63), 'fd00::7f');
  t.equal(ordinalOf(block, parseAddress('fd00::41')), 1);
  t.equal(ordinalOf(block, parseAddress('fd00::80')), undefined);
});

/** What a block is, told in the plainest way: who has which ordinal, and the queue of the free ones. */
interface Model {
  readonly owners: Map<number, string>;
  queue: number[];
}

type Step =
  | { readonly do: 'allocate'; readonly count: number; readonly handle: string; readonly reserved: number }
  | { readonly do: 'assign'; readonly ordinal: number; readonly handle: string }
  | { readonly do: 'release'; readonly ordinals: readonly number[] };

const handle = fc.constantFrom('a', 'b', 'c');
const ordinal = fc.nat(15);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('allocate' as const), count: fc.nat(5), handle, reserved: ordinal }),
  fc.record({ do: fc.constant('assign' as const), ordinal, handle }),
  fc.record({ do: fc.constant('release' as const), ordinals: fc.array(ordinal, { maxLength: 5 }) }),
);

/** The same step in the model; returns the ordinals that the block should have answered. */
function inModel(model: Model, step: Step): readonly number[] {
  if (step.do === 'allocate') {
    const taken = model.queue.filter((free) => free !== step.reserved).slice(0, step.count);
    for (const each of taken) model.owners.set(each, step.handle);
    model.queue = model.queue.filter((free) => !taken.includes(free));
    return taken;
  }
  if (step.do === 'assign') {
    if (model.owners.has(step.ordinal)) return [];
    model.owners.set(step.ordinal, step.handle);
    model.queue = model.queue.filter((free) => free !== step.ordinal);
    return [step.ordinal];
  }
  const back = [...new Set(step.ordinals)].filter((each) => model.owners.delete(each));
  model.queue.push(...back);
  return back;
}

function inBlock(block: BlockSpec, step: Step): { readonly block: BlockSpec; readonly ordinals: readonly number[] } {
  if (step.do === 'allocate') {
    return allocate(block, step.count, owner(step.handle), (each) => each === step.reserved);
  }
  if (step.do === 'release') {
    const outcome = release(
      block,
      step.ordinals.map((ordinal) => ({ ordinal })),
    );
    return { block: outcome.block, ordinals: outcome.released };
  }
  try {
    return { block: assign(block, step.ordinal, owner(step.handle)), ordinals: [step.ordinal] };
  } catch {
    return { block, ordinals: [] };
  }
}

t.test('any sequence of steps does what a plain list of owners does', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const model: Model = { owners: new Map(), queue: Array.from({ length: 16 }, (_, at) => at) };
      let block = fresh('10.0.0.0/28');
      for (const each of steps) {
        const before = structuredClone(block);
        const after = inBlock(block, each);
        assert.deepStrictEqual(block, before, 'the input is untouched');
        assert.deepStrictEqual(after.ordinals, inModel(model, each));
        block = after.block;
        assert.deepStrictEqual(block.unallocated, model.queue);
        const owners = block.allocations.map((_, at) => attributeOf(block, at)?.handle_id);
        assert.deepStrictEqual(
          owners,
          Array.from({ length: 16 }, (_, at) => model.owners.get(at)),
        );
        assert.equal(block.attributes.length, new Set(model.owners.values()).size, 'no attribute is spare or double');
        assert.deepStrictEqual(Object.keys(block.sequenceNumberForAllocation!).length, model.owners.size);
      }
    }),
    { numRuns: 300, seed: 20260102 },
  );
  t.pass();
});

t.test('a damaged block never gives out what somebody has', async (t) => {
  const taken = allocate(fresh('10.0.0.8/30'), 2, owner('a')).block;
  const damaged = { ...taken, unallocated: [0, 1, 2, 7] };
  const { block, ordinals } = allocate(damaged, 4, owner('b'));
  t.strictSame(ordinals, [2]);
  t.strictSame(block.unallocated, []);
  t.strictSame(attributeOf(block, 0), owner('a'));
});
