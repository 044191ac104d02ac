import t from 'tap';
import { markProblems, marksOf } from '../../src/calc/marks.ts';

const PLAIN = { accept: 0x10000, pass: 0x20000, local: 0x40000, wireguard: 0x100000 };
const bitsIn = (mask: number): number => mask.toString(2).replaceAll('0', '').length;

t.test('the bits are drawn from the mask, from its lowest on', async (t) => {
  t.same(marksOf({}), PLAIN);
  t.same(marksOf({ nftablesMarkMask: 0, iptablesMarkMask: 0 }), PLAIN, 'nothing is as good as absent');
  t.same(marksOf({ iptablesMarkMask: 0x1f000 }), { accept: 0x1000, pass: 0x2000, local: 0x4000, wireguard: 0x10000 });
  const scattered = { accept: 1, pass: 0x10, local: 0x100, wireguard: 0x80000000 };
  t.same(marksOf({ nftablesMarkMask: 0x80001111, iptablesMarkMask: 0x1f000 }), scattered, 'nftables goes before');
});

t.test('of any mask they are different bits; they are of the mask, or too few of it is a problem', async (t) => {
  for (let first = 0; first < 32; first++) {
    for (let count = 1; first + count <= 32; count++) {
      for (const wireguardEnabled of [false, true]) {
        const mask = (2 ** count - 1) * 2 ** first;
        const felix = { nftablesMarkMask: mask, wireguardEnabled };
        const { wireguard, ...marks } = marksOf(felix);
        const used = wireguardEnabled ? [...Object.values(marks), wireguard] : Object.values(marks);
        const [problem] = markProblems(felix);
        const union = used.reduce((all, bit) => all + bit, 0);
        const isIn = BigInt(union) === (BigInt(union) & BigInt(problem === undefined ? mask : 0xffff0000));
        const isRight = isIn && bitsIn(union) === used.length && used.every((bit) => bitsIn(bit) === 1);
        if (!isRight || (problem === undefined) !== count >= (wireguardEnabled ? 5 : 4)) {
          t.fail(`0x${mask.toString(16)}: ${JSON.stringify(marks)} ${wireguard} ${problem}`);
        }
      }
    }
  }
  t.pass();
});

t.test('a mask with too few bits is named, and the default one holds', async (t) => {
  for (const [felix, problem] of [
    [{ nftablesMarkMask: 0x1 }, 'nftablesMarkMask 0x1 has 1 bit, and 4 are needed: 0xffff0000 holds instead'],
    [{ iptablesMarkMask: 0x700 }, 'iptablesMarkMask 0x700 has 3 bits, and 4 are needed: 0xffff0000 holds instead'],
    [
      { iptablesMarkMask: 0xf00, wireguardEnabledV6: true },
      'iptablesMarkMask 0xf00 has 4 bits, and 5 are needed with WireGuard: 0xffff0000 holds instead',
    ],
  ] as const) {
    t.same(marksOf(felix), PLAIN);
    t.same(markProblems(felix), [`FelixConfiguration ${problem}`]);
  }
  t.same(markProblems({ iptablesMarkMask: 0xf00 }), []);
});
