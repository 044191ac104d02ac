import t from 'tap';
import { matchAlternatives } from '../../../src/dataplane/policy/match.ts';

const NO_SETS = { hasNets: () => false };

/** Newer versions of nft make overlapping ranges one by themselves; older ones refuse them. */
t.test('ranges of ports that overlap or meet are one before nft sees them', async (t) => {
  for (const [ranges, text] of [
    [[[80, 80]], '80'],
    [
      [
        [80, 90],
        [85, 100],
        [88, 88],
        [101, 110],
      ],
      '80-110',
    ],
    [
      [
        [443, 443],
        [80, 90],
        [92, 92],
      ],
      '{ 80-90, 92, 443 }',
    ],
    [
      [
        [1, 65_535],
        [80, 80],
      ],
      '1-65535',
    ],
  ] as const) {
    const match = { protocol: 6, source: {}, destination: { ports: { ranges, names: [] } } };
    t.same(matchAlternatives(match, 4, NO_SETS), [`meta l4proto 6 th dport ${text}`]);
  }
});
