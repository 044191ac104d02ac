import { VRouterError } from '../../base/index.ts';

/** Text that is no selector. `column` counts from 1. */
export class SelectorError extends VRouterError {
  readonly column: number;

  constructor(text: string, column: number, problem: string) {
    super('SELECTOR', `invalid selector '${text}': ${problem} at column ${column}`);
    this.column = column;
  }
}

/** Reads a selector's text from left to right. What a word means depends on where it stands, so there is no lexer. */
export class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skipBlanks();
  }

  get atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** Steps over `literal` and the blanks behind it, if it is next. */
  take(literal: string): boolean {
    if (!this.#text.startsWith(literal, this.#at)) return false;
    this.#advance(literal.length);
    return true;
  }

  /** The text that the (sticky) pattern matches next, stepped over; its first group if it has one. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#advance(found[0].length);
    return found[1] ?? found[0];
  }

  /** A quoted string, which has no escapes. */
  string(): string {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") throw this.error('expected string');
    const end = this.#text.indexOf(quote, this.#at + 1);
    if (end < 0) throw this.error('unterminated string');
    const value = this.#text.slice(this.#at + 1, end);
    this.#advance(end + 1 - this.#at);
    return value;
  }

  error(problem: string): SelectorError {
    return new SelectorError(this.#text, this.#at + 1, problem);
  }

  #advance(length: number): void {
    this.#at += length;
    this.#skipBlanks();
  }

  #skipBlanks(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++;
  }
}
