/**
 * As much of CEL, the expression language of Kubernetes' validation rules, as our definitions use: fields, `has`, `size`,
 * `contains`, comparisons, `in`, `?:` and the Boolean operators. Anything else is an error.
 */
export function evaluateCel(rule: string, variables: Readonly<Record<string, unknown>>): unknown {
  return new Parser(rule).parse()(variables);
}

/** The variables that a rule speaks of: `self`, and `oldSelf` where it is about a change. */
export function isAboutChange(rule: string): boolean {
  return /\boldSelf\b/.test(rule);
}

type Variables = Readonly<Record<string, unknown>>;
type Evaluate = (variables: Variables) => unknown;

const token = /\s*(?:(\d+)|'([^']*)'|([A-Za-z_][A-Za-z0-9_]*)|(==|!=|<=|>=|&&|\|\||[!<>?:().,]))/y;

const comparisons: Readonly<Record<string, (left: unknown, right: unknown) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<=': (left, right) => Number(left) <= Number(right),
  '>=': (left, right) => Number(left) >= Number(right),
  '<': (left, right) => Number(left) < Number(right),
  '>': (left, right) => Number(left) > Number(right),
  in: (left, right) => (right as readonly unknown[]).includes(left),
};

interface Token {
  readonly kind: 'number' | 'text' | 'name' | 'sign';
  readonly text: string;
}

class Parser {
  readonly #rule: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(rule: string) {
    this.#rule = rule;
    token.lastIndex = 0;
    for (let from = 0; rule.slice(from).trim() !== ''; from = token.lastIndex) {
      const found = token.exec(rule);
      if (found === null) throw new Error(`CEL: ${rule}: not understood from ${from}`);
      const at = found.findIndex((part, index) => index > 0 && part !== undefined);
      this.#tokens.push({ kind: (['number', 'text', 'name', 'sign'] as const)[at - 1], text: found[at] });
    }
  }

  parse(): Evaluate {
    const whole = this.#ternary();
    if (this.#at < this.#tokens.length) throw this.#unexpected();
    return whole;
  }

  #ternary(): Evaluate {
    const condition = this.#or();
    if (!this.#take('?')) return condition;
    const yes = this.#ternary();
    this.#expect(':');
    const no = this.#ternary();
    return (variables) => (condition(variables) ? yes(variables) : no(variables));
  }

  #or(): Evaluate {
    const left = this.#and();
    if (!this.#take('||')) return left;
    const right = this.#or();
    return (variables) => Boolean(left(variables)) || Boolean(right(variables));
  }

  #and(): Evaluate {
    const left = this.#comparison();
    if (!this.#take('&&')) return left;
    const right = this.#and();
    return (variables) => Boolean(left(variables)) && Boolean(right(variables));
  }

  #comparison(): Evaluate {
    const left = this.#unary();
    const compare = comparisons[this.#tokens[this.#at]?.text ?? ''];
    if (compare === undefined || this.#tokens[this.#at].kind === 'text') return left;
    this.#at++;
    const right = this.#unary();
    return (variables) => compare(left(variables), right(variables));
  }

  #unary(): Evaluate {
    if (!this.#take('!')) return this.#member();
    const operand = this.#unary();
    return (variables) => !operand(variables);
  }

  #member(): Evaluate {
    let value = this.#primary();
    while (this.#take('.')) {
      const object = value;
      const { text: name } = this.#tokens[this.#at++];
      if (!this.#take('(')) {
        const field = fieldName(name);
        if (field === undefined) throw this.#unexpected();
        value = (variables) => fieldOf(object(variables), field);
      } else if (name === 'contains') {
        const part = this.#ternary();
        this.#expect(')');
        value = (variables) => String(object(variables)).includes(String(part(variables)));
      } else throw this.#unexpected();
    }
    return value;
  }

  #primary(): Evaluate {
    const { kind, text } = this.#tokens[this.#at++] ?? { kind: 'sign', text: 'its end' };
    if (kind === 'number') return () => Number(text);
    if (kind === 'text') return () => text;
    if (kind === 'name') return this.#named(text);
    if (text !== '(') throw this.#unexpected();
    const inner = this.#ternary();
    this.#expect(')');
    return inner;
  }

  #named(name: string): Evaluate {
    if (!this.#take('(')) return name === 'true' ? () => true : name === 'false' ? () => false : (all) => all[name];
    const argument = this.#ternary();
    this.#expect(')');
    if (name === 'has') return (variables) => argument(variables) !== undefined;
    if (name === 'size') return (variables) => (argument(variables) as string | readonly unknown[]).length;
    throw this.#unexpected();
  }

  #take(sign: string): boolean {
    const next = this.#tokens[this.#at];
    if (next?.kind !== 'sign' || next.text !== sign) return false;
    this.#at++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw this.#unexpected();
  }

  #unexpected(): Error {
    return new Error(`CEL: ${this.#rule}: unexpected ${this.#tokens[this.#at]?.text ?? 'end'}`);
  }
}

/** Words of the language, and those that it keeps for later: as fields they are written with underscores around them. */
const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** The field that a name in a rule means; undefined for a word that is none. */
function fieldName(name: string): string | undefined {
  const escaped = /^__(.*)__$/.exec(name)?.[1];
  if (escaped !== undefined && reserved.has(escaped)) return escaped;
  return reserved.has(name) ? undefined : name;
}

function fieldOf(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null) throw new Error(`CEL: no such key: ${name}`);
  return (object as Record<string, unknown>)[name];
}
