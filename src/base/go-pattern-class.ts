/** Characters as ranges of code points, both ends with them. */
export type Ranges = readonly (readonly [from: number, to: number])[];

const LAST = 0x10ffff;
const of = (text: string): Ranges =>
  (text.match(/..|./gsu) ?? []).map(([from, to = from]) => [from.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0] as const);

const WORD = of('09AZ__az');
/** Of `\d` and its like: letters of ASCII alone. */
const PERL: Readonly<Record<string, Ranges>> = { d: of('09'), s: of('\t\n\f\r  '), w: WORD };
/** Of `[[:alpha:]]` and its like. */
const NAMED: Readonly<Record<string, Ranges>> = {
  alnum: of('09AZaz'),
  alpha: of('AZaz'),
  ascii: [[0, 0x7f]],
  blank: of('\t\t  '),
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: of('09'),
  graph: of('!~'),
  lower: of('az'),
  print: of(' ~'),
  punct: of('!/:@[`{~'),
  space: of('\t\r  '),
  upper: of('AZ'),
  word: WORD,
  xdigit: of('09AFaf'),
};

/** The ranges of `\d`, or of what `\D` leaves; undefined for any other letter. */
export function perlClass(letter: string): Ranges | undefined {
  const found = PERL[letter.toLowerCase()];
  return found !== undefined && letter !== letter.toLowerCase() ? without(found) : found;
}

/** The ranges of `alpha`, or of what `^alpha` leaves. */
export function namedClass(name: string): Ranges | undefined {
  const bare = name.replace(/^\^/, '');
  const found = Object.hasOwn(NAMED, bare) ? NAMED[bare] : undefined;
  return found !== undefined && bare !== name ? without(found) : found;
}

/** All characters but these, which are in order. */
function without(ranges: Ranges): Ranges {
  const starts = [0, ...ranges.map(([, to]) => to + 1)];
  const ends = [...ranges.map(([from]) => from - 1), LAST];
  return starts.map((from, index) => [from, ends[index] ?? LAST] as const).filter(([from, to]) => from <= to);
}

/** As it stands between the brackets of a class. */
export function writeRanges(ranges: Ranges): string {
  return ranges.map(([from, to]) => `${writeCharacter(from)}-${writeCharacter(to)}`).join('');
}

/** A code point as JavaScript's patterns have it under the flag `u`: `\u{e9}`. */
export function writeCharacter(code: number): string {
  return `\\u{${code.toString(16)}}`;
}
