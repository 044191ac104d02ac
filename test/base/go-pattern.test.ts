import t from 'tap';
import { goPattern } from '../../src/base/index.ts';

/** A pattern of Go's, texts in which it is found, and others. */
const READ: readonly (readonly [pattern: string, found: readonly string[], not: readonly string[]])[] = [
  ['^(en|wl)[Pcopsvx].*', ['enp3s0', 'wlo1'], ['eth0', 'xenp3']],
  ['', ['', 'eth0'], []],
  ['(?i)ETH', ['eth0', 'veTh1'], ['ens3']],
  ['^a(?i)b|c$', ['aB', 'xC'], ['AB']],
  ['^(?:(?i)a)b$', ['Ab'], ['AB']],
  ['^(?i:a[b-c])d$', ['ABd', 'aCd'], ['ABD']],
  ['(?i)^a(?-i)b$', ['Ab'], ['AB']],
  ['^(?P<kind>eth|ens)(?<number>\\d+)$', ['eth0', 'ens33'], ['eth', 'bond0']],
  ['^[[:alpha:]]+[[:digit:]]$', ['eth0'], ['eth', '0', ':0']],
  ['^[^[:alpha:]_]$', ['0', '['], ['a', '_']],
  ['^[[:^digit:]]$', ['a'], ['7']],
  ['^[]a]$', [']', 'a'], ['b']],
  ['^[^]a]$', ['b'], [']', 'a']],
  ['^[a-]$', ['a', '-'], ['b']],
  ['^[\\w.-]+$', ['eth0.100', 'br-lan'], ['é', 'a b']],
  ['^\\W$', ['é', '-'], ['a', '_']],
  ['\\Aeth\\d\\z', ['eth0'], ['eth0\n', ' eth0']],
  ['^\\Qa.b|c\\E+$', ['a.b|c'], ['axb', 'c']],
  ['^\\Qa.b', ['a.bc'], ['axb']],
  ['^a{2}$', ['aa'], ['a']],
  ['^a{,2}$', ['a{,2}'], ['aa']],
  ['^a{x}$', ['a{x}'], ['a']],
  ['^}]$', ['}]'], []],
  ['^a*?b+?$', ['b', 'aab'], ['a']],
  ['(?m)^b$', ['a\nb\nc'], ['ab']],
  ['a$', ['a'], ['a\n']],
  ['^.$', ['a', '\r', '\v', '😀'], ['\n']],
  ['(?s)^.$', ['\n'], []],
  ['^\\x41\\x{1F600}\\101\\a$', ['A😀A\x07'], []],
  ['^\\pL\\p{Greek}\\P{Greek}\\p{^Greek}$', ['aλaa'], ['1λaa', 'aaaa']],
  ['^\\d$', ['7'], ['٧']],
  ['\\bth', ['e th0'], ['eth0']],
  ['^(a|)*$', ['', 'aa'], ['b']],
  ['^*a', ['a'], []],
  ['^\\-\\_\\/\\@$', ['-_/@'], []],
];

for (const [pattern, found, not] of READ) {
  t.test(`${pattern} is read as Go reads it`, async (t) => {
    for (const text of found) t.ok(goPattern(pattern).test(text), `found in ${JSON.stringify(text)}`);
    for (const text of not) t.notOk(goPattern(pattern).test(text), `not found in ${JSON.stringify(text)}`);
  });
}

t.test('a lazy pattern is the shortest, and (?U) turns that round', async (t) => {
  const first = (pattern: string) => goPattern(pattern).exec('aaa')?.[0];
  t.same(['a+', 'a+?', '(?U)a+', '(?U)a+?', '(?U:a+)a*'].map(first), ['aaa', 'a', 'a', 'aaa', 'aaa']);
});

const REFUSED = [
  ...['(', ')', 'a)', '(a', '[a', '[', '[]', '[^]', 'a**', 'a*?*', 'a+{2}', '*', '+a', '(*a)', 'a|*', '?'],
  ...['a(?=b)', 'a(?!b)', '(?<=a)b', '(?<!a)b', '(?>a)', '(a)\\1', '(?P<a>x)(?P=a)', '(?P<a>x)(?P<a>y)', '(?P<a-b>x)'],
  ...['(?)', '(?x)a', '(?i-)a', '(?#note)', '\\', 'a\\', '\\k', '\\K', '\\Z', '\\C', '\\e', '\\u0041', '\\x4', '\\8'],
  ...['[b-a]', '[a-\\d]', '[[:alfa:]]', '\\p{Klingon}', 'a{2,1}', 'a{1001}', '(a{100}){11}', '(?i', '\\x{110000}'],
];

t.test('what Go does not know is refused, with its words for why', async (t) => {
  for (const pattern of REFUSED) t.throws(() => goPattern(pattern), SyntaxError, pattern);
  t.throws(() => goPattern('eth(?=0)'), {
    message: 'invalid regular expression eth(?=0): invalid or unsupported Perl syntax, before =0)',
  });
  t.throws(() => goPattern('eth['), { message: 'invalid regular expression eth[: missing closing ]' });
});
