import t from 'tap';
import type { BlockSpec } from '../../src/ipam/block.ts';
import { blockFaults } from '../../src/ipam/block-check.ts';

const NOW = Date.UTC(2026, 0, 1);
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();

/** Of 10.0.0.0/30: the first address is allocated. */
function block(different: Partial<BlockSpec>): BlockSpec {
  const owner = { handle_id: 'a', secondary: {} };
  const sound = {
    cidr: '10.0.0.0/30',
    allocations: [0, null, null, null],
    unallocated: [1, 2, 3],
    attributes: [owner],
  };
  return { ...sound, strictAffinity: false, ...different } as BlockSpec;
}

const FAULTY: readonly (readonly [different: Partial<BlockSpec>, ...faults: readonly RegExp[]])[] = [
  [{}],
  [{ allocations: [null, null, null, null], unallocated: [0, 1, 2, 3], attributes: [] }],
  [{ attributes: [{ handle_id: 'a', releasedAt: at(-60), secondary: {} }] }],
  [{ allocations: [99, null, null, null] }, /ordinal 0 refers to owner 99/, /1 owners have no address/],
  [{ allocations: [-1, null, null, null] }, /ordinal 0 refers to owner -1/, /1 owners have no address/],
  [{ allocations: [null, null, null, null], unallocated: [0, 1, 2, 3] }, /1 owners have no address/],
  [{ unallocated: [1, 1, 2, 3] }, /waits twice/],
  [{ unallocated: [0, 1, 2, 3] }, /ordinal 0 is allocated and free at once/],
  [{ unallocated: [1, 2, 99] }, /ordinal 99, beyond its end/, /ordinal 3 is neither/],
  [{ allocations: [0, null, null] }, /3 ordinals, its CIDR has 4/, /ordinal 3, beyond/],
  [
    { attributes: [{ handle_id: 'a', releasedAt: at(60), secondary: {} }] },
    /1 of its addresses were given back in the future/,
  ],
];

for (const [different, ...faults] of FAULTY) {
  t.test(`${JSON.stringify(different)}: ${faults.length} faults`, async (t) => {
    t.match(blockFaults(block(different), NOW), faults);
    t.equal(blockFaults(block(different), NOW).length, faults.length);
  });
}
