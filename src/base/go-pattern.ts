import { namedClass, perlClass, writeCharacter, writeRanges } from './go-pattern-class.ts';

/**
 * A regular expression as Go reads it: what Calico's settings hold. Without what Go doesn't know (looking ahead or
 * behind, references to groups), and with what only Go knows: `(?i)` in the middle, `(?P<name>…)`, `[[:alpha:]]`,
 * `\A`, `\z`, `\Q…\E`. Throws a `SyntaxError` that names the place.
 */
export function goPattern(text: string): RegExp {
  return new RegExp(new Reader(text).whole(), 'u');
}

/** A piece as JavaScript writes it, and how many times the innermost part of it may repeat at most. */
interface Piece {
  readonly text: string;
  readonly repeats: number;
}

interface Flags {
  /** Either case. */
  readonly i: boolean;
  /** `^` and `$` at lines. */
  readonly m: boolean;
  /** `.` is a line's end, too. */
  readonly s: boolean;
  /** The shortest instead of the longest. */
  readonly U: boolean;
}

/** Go's bound of `{n}`, of nested ones together. */
const MAX_REPEATS = 1000;
const ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const ASSERTIONS: Readonly<Record<string, string>> = { A: '(?:^)', z: '(?:$)', b: '(?:\\b)', B: '(?:\\B)' };

class Reader {
  readonly #text: string;
  readonly #names = new Set<string>();
  #at = 0;
  #flags: Flags = { i: false, m: false, s: false, U: false };

  constructor(text: string) {
    this.#text = text;
  }

  whole(): string {
    const { text } = this.#alternatives();
    if (this.#at < this.#text.length) throw this.#wrong('unexpected )');
    return text;
  }

  #alternatives(): Piece {
    const branches = [this.#sequence()];
    while (this.#take(/\|/y) !== undefined) branches.push(this.#sequence());
    return {
      text: branches.map((branch) => branch.text).join('|'),
      repeats: Math.max(...branches.map((branch) => branch.repeats)),
    };
  }

  #sequence(): Piece {
    let text = '';
    let repeats = 1;
    while (this.#at < this.#text.length && !/[|)]/.test(this.#text[this.#at] ?? '')) {
      const piece = this.#repeated();
      text += piece.text;
      repeats = Math.max(repeats, piece.repeats);
    }
    return { text, repeats };
  }

  #repeated(): Piece {
    if (this.#quantifier() !== undefined) throw this.#wrong('missing argument to repetition operator');
    const changed = this.#take(/\(\?(?=[imsU-]*\))/y);
    if (changed !== undefined) {
      this.#setFlags();
      this.#at++;
      return { text: '', repeats: 1 };
    }
    const piece = this.#atom();
    const quantifier = this.#quantifier();
    if (quantifier === undefined) return piece;
    if (this.#quantifier() !== undefined) throw this.#wrong('invalid nested repetition operator');
    const repeats = piece.repeats * Math.max(1, quantifier.most);
    if (repeats > MAX_REPEATS) throw this.#wrong('invalid repeat count');
    return { text: `${piece.text}${quantifier.text}`, repeats };
  }

  #quantifier(): { readonly text: string; readonly most: number } | undefined {
    const found = this.#take(/([*+?]|\{(\d+)(?:(,)(\d*))?\})(\??)/y);
    if (found === undefined) return undefined;
    const [, operator = '', from, comma, to] = found;
    const most = Math.max(Number(from ?? 0), Number(to ?? 0));
    if (most > MAX_REPEATS || (comma !== undefined && to && Number(to) < Number(from))) {
      throw this.#wrong('invalid repeat count');
    }
    return { text: `${operator}${(found[5] === '?') === this.#flags.U ? '' : '?'}`, most };
  }

  #atom(): Piece {
    const one = (text: string): Piece => ({ text, repeats: 1 });
    if (this.#take(/\(/y) !== undefined) return this.#group();
    if (this.#take(/\^/y) !== undefined) return one(this.#flags.m ? '(?:^|(?<=\\n))' : '(?:^)');
    if (this.#take(/\$/y) !== undefined) return one(this.#flags.m ? '(?:(?=\\n|$))' : '(?:$)');
    if (this.#take(/\./y) !== undefined) return one(this.#flags.s ? '[^]' : '[^\\n]');
    if (this.#take(/\[/y) !== undefined) return one(this.#cased(this.#class()));
    const quoted = this.#take(/\\Q(.*?)(\\E|$)/sy)?.[1];
    if (quoted !== undefined) {
      return one(
        quoted === ''
          ? ''
          : `(?:${this.#cased([...quoted].map((one) => writeCharacter(one.codePointAt(0) ?? 0)).join(''))})`,
      );
    }
    const assertion = this.#take(/\\([AzbB])/y)?.[1];
    if (assertion !== undefined) return one(ASSERTIONS[assertion] ?? '');
    const set = this.#set();
    return one(this.#cased(set === undefined ? writeCharacter(this.#character()) : `[${set}]`));
  }

  #group(): Piece {
    const outside = this.#flags;
    const name = this.#take(/\?P?<(\w+)>/y)?.[1];
    if (name !== undefined) {
      if (this.#names.has(name)) throw this.#wrong('duplicate capture group name');
      this.#names.add(name);
    } else if (this.#take(/\?/y) !== undefined) {
      this.#setFlags();
      if (this.#take(/:/y) === undefined) throw this.#wrong('invalid or unsupported Perl syntax');
    }
    const { text, repeats } = this.#alternatives();
    if (this.#take(/\)/y) === undefined) throw this.#wrong('missing closing )');
    this.#flags = outside;
    return { text: `(?:${text})`, repeats };
  }

  /** Those before `:` or `)`: `i`, `s-m`. */
  #setFlags(): void {
    const [, on = '', off] = this.#take(/([imsU]*)(?:-([imsU]+))?(?=[:)])/y) ?? [];
    if (on === '' && off === undefined && this.#text[this.#at] !== ':') {
      throw this.#wrong('invalid or unsupported Perl syntax');
    }
    const next = { ...this.#flags };
    for (const flag of on) next[flag as keyof Flags] = true;
    for (const flag of off ?? '') next[flag as keyof Flags] = false;
    this.#flags = next;
  }

  /** Behind its bracket: a `]` that comes first is one of the characters. */
  #class(): string {
    const negated = this.#take(/\^/y) === undefined ? '' : '^';
    let text = '';
    for (let first = true; first || this.#text[this.#at] !== ']'; first = false) {
      if (this.#at >= this.#text.length) throw this.#wrong('missing closing ]');
      text += this.#member();
    }
    this.#at++;
    return `[${negated}${text}]`;
  }

  #member(): string {
    const name = this.#take(/\[:(\^?\w*):\]/y)?.[1];
    if (name !== undefined) {
      const ranges = namedClass(name);
      if (ranges === undefined) throw this.#wrong('invalid character class range');
      return writeRanges(ranges);
    }
    const set = this.#set();
    if (set !== undefined) return set;
    const from = this.#character();
    const to = this.#take(/-(?!\]|$)/y) === undefined ? from : this.#character();
    if (to < from) throw this.#wrong('invalid character class range');
    return writeRanges([[from, to]]);
  }

  /** `\d`, `\pL`, `\p{Greek}` and their like. */
  #set(): string | undefined {
    const letter = this.#take(/\\([dswDSW])/y)?.[1];
    if (letter !== undefined) return writeRanges(perlClass(letter) ?? []);
    const [, kind, single, not, name = single] = this.#take(/\\([pP])(?:([A-Za-z])|\{(\^?)(\w+)\})/y) ?? [];
    if (kind === undefined || name === undefined) return undefined;
    const letters = (kind === 'P') === (not === '^') ? 'p' : 'P';
    const written = [`\\${letters}{${name}}`, `\\${letters}{Script=${name}}`];
    const known = written.find((one) => isPattern(one));
    if (known === undefined) throw this.#wrong('invalid character class range');
    return known;
  }

  /** One character, as it is or behind a backslash; its code point. */
  #character(): number {
    const escaped = this.#take(
      /\\([afnrtv]|[!-/:-@[-`{-~]|0[0-7]{0,2}|[1-7][0-7]{1,2}|x[\da-fA-F]{2}|x\{[\da-fA-F]+\})/y,
    )?.[1];
    if (escaped === undefined) {
      if (this.#text[this.#at] === '\\') throw this.#wrong('invalid escape sequence');
      const code = this.#text.codePointAt(this.#at) ?? 0;
      this.#at += code > 0xffff ? 2 : 1;
      return code;
    }
    if (/^\d/.test(escaped)) return Number.parseInt(escaped, 8);
    if (escaped.length === 1) return ESCAPES[escaped] ?? escaped.charCodeAt(0);
    const code = Number.parseInt(escaped.replace(/[x{}]/g, ''), 16);
    if (code > 0x10ffff) throw this.#wrong('invalid escape sequence');
    return code;
  }

  #cased(text: string): string {
    return this.#flags.i ? `(?i:${text})` : text;
  }

  #take(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text) ?? undefined;
    if (found !== undefined) this.#at += found[0].length;
    return found;
  }

  #wrong(problem: string): SyntaxError {
    const rest = this.#text.slice(this.#at);
    return new SyntaxError(
      `invalid regular expression ${this.#text}: ${problem}${rest === '' ? '' : `, before ${rest}`}`,
    );
  }
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') !== undefined;
  } catch {
    return false;
  }
}
