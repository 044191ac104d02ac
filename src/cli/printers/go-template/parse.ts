import { CommandError } from '../../errors.ts';

export type Expression =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'field'; readonly of: Expression; readonly path: readonly string[] }
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] };

export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly value: Expression }
  | { readonly kind: 'assign'; readonly name: string; readonly value: Expression }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly value: Expression;
      readonly variables: readonly string[];
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    };

const TOKEN =
  /\s*(?:("(?:[^"\\]|\\.)*")|`([^`]*)`|(-?\d+(?:\.\d+)?)(?![\w.])|(\$\w*)|((?:\.[A-Za-z_]\w*)+)|(\.)|([A-Za-z_]\w*)|(:=|[()|,]))/y;

interface Token {
  readonly kind: 'literal' | 'variable' | 'fields' | 'dot' | 'word' | 'sign';
  readonly text: string;
  readonly value?: unknown;
  /** Nothing stands between it and the token before: `$x.Name`, `(f).Name`. */
  readonly joined: boolean;
}

/** Reads a Go template: text, fields, pipelines, variables, `if`, `with`, `range`, and comments. */
export function parseTemplate(source: string): readonly TemplateNode[] {
  const pieces = split(source);
  const [nodes, rest] = parseNodes(pieces, 0);
  if (rest < pieces.length) throw wrong('unexpected {{end}}');
  return nodes;
}

interface Piece {
  readonly text: string;
  readonly action: boolean;
}

/** Text and actions by turns; `{{-` and `-}}` take the blanks beside them away. */
function split(source: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  for (const match of source.matchAll(/\{\{(- )?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|(?!\}\}).)*?)( -)?\}\}/gs)) {
    const before = source.slice(at, match.index);
    const text = trimNext ? before.trimStart() : before;
    pieces.push({ text: match[1] ? text.trimEnd() : text, action: false });
    const inner = match[2].trim();
    if (!inner.startsWith('/*')) pieces.push({ text: inner, action: true });
    trimNext = match[3] !== undefined;
    at = match.index + match[0].length;
  }
  const tail = source.slice(at);
  if (tail.includes('{{')) throw wrong('unclosed action');
  pieces.push({ text: trimNext ? tail.trimStart() : tail, action: false });
  return pieces;
}

/** Nodes up to the `end` or `else` that closes them, and where that is. */
function parseNodes(pieces: readonly Piece[], start: number): readonly [readonly TemplateNode[], number] {
  const nodes: TemplateNode[] = [];
  let at = start;
  while (at < pieces.length) {
    const { text, action } = pieces[at];
    const word = action ? /^\w*/.exec(text)?.[0] : undefined;
    if (word === 'end' || word === 'else') return [nodes, at];
    if (word === 'if' || word === 'with' || word === 'range') {
      const [node, next] = parseControl(pieces, at, word, text.slice(word.length));
      nodes.push(node);
      at = next;
      continue;
    }
    nodes.push(action ? parseAction(text) : { kind: 'text', text });
    at++;
  }
  return [nodes, at];
}

function parseControl(
  pieces: readonly Piece[],
  at: number,
  kind: 'if' | 'with' | 'range',
  head: string,
): readonly [TemplateNode, number] {
  const { variables, value } = parseAssignment(head);
  const [body, close] = parseNodes(pieces, at + 1);
  const closing = pieces[close]?.text;
  if (closing === undefined) throw wrong(`{{${kind}}} without {{end}}`);
  if (closing === 'end') return [{ kind, value, variables, body, otherwise: [] }, close + 1];
  const chained = /^else\s+(if|with)\b/.exec(closing);
  if (chained) {
    const inner = chained[1] as 'if' | 'with';
    const [node, next] = parseControl(pieces, close, inner, closing.slice(chained[0].length));
    return [{ kind, value, variables, body, otherwise: [node] }, next];
  }
  const [otherwise, end] = parseNodes(pieces, close + 1);
  if (pieces[end]?.text !== 'end') throw wrong('{{else}} without {{end}}');
  return [{ kind, value, variables, body, otherwise }, end + 1];
}

function parseAction(text: string): TemplateNode {
  const { variables, value } = parseAssignment(text);
  return variables.length > 0 ? { kind: 'assign', name: variables[0], value } : { kind: 'print', value };
}

function parseAssignment(text: string): { readonly variables: readonly string[]; readonly value: Expression } {
  const match = /^\s*(\$\w+)(?:\s*,\s*(\$\w+))?\s*:?=(?!=)/.exec(text);
  const variables = match ? [match[1], match[2]].filter((name) => name !== undefined) : [];
  const tokens = tokenize(text.slice(match?.[0].length ?? 0));
  const [value, rest] = parsePipeline(tokens, 0);
  if (rest < tokens.length) throw wrong(`unexpected '${tokens[rest].text}'`);
  return { variables, value };
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const source = text.trimEnd();
  TOKEN.lastIndex = 0;
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null) throw wrong(`unexpected text '${source.slice(at).trim()}'`);
    const [whole, quoted, raw, number, variable, fields, dot, word, sign] = match;
    const joined = at > 0 && !/^\s/.test(whole);
    if (quoted !== undefined) tokens.push({ kind: 'literal', text: quoted, value: JSON.parse(quoted), joined });
    else if (raw !== undefined) tokens.push({ kind: 'literal', text: raw, value: raw, joined });
    else if (number !== undefined) tokens.push({ kind: 'literal', text: number, value: Number(number), joined });
    else if (variable !== undefined) tokens.push({ kind: 'variable', text: variable, joined });
    else if (fields !== undefined) tokens.push({ kind: 'fields', text: fields, joined });
    else if (dot !== undefined) tokens.push({ kind: 'dot', text: dot, joined });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, joined });
    else tokens.push({ kind: 'sign', text: sign, joined });
  }
  return tokens;
}

/** `a | f x`: what is before the bar is the last argument of what is after it. */
function parsePipeline(tokens: readonly Token[], start: number): readonly [Expression, number] {
  let [value, at] = parseCommand(tokens, start);
  while (tokens[at]?.text === '|' && tokens[at].kind === 'sign') {
    const [next, after] = parseCommand(tokens, at + 1);
    if (next.kind !== 'call') throw wrong('a function must follow |');
    value = { ...next, args: [...next.args, value] };
    at = after;
  }
  return [value, at];
}

function parseCommand(tokens: readonly Token[], start: number): readonly [Expression, number] {
  const operands: Expression[] = [];
  let at = start;
  while (at < tokens.length && !(tokens[at].kind === 'sign' && tokens[at].text !== '(')) {
    const [operand, next] = parseOperand(tokens, at);
    operands.push(operand);
    at = next;
  }
  if (operands.length === 0) throw wrong('missing value for command');
  const [first, ...args] = operands;
  if (first.kind === 'call' && first.args.length === 0) return [{ ...first, args }, at];
  if (args.length > 0) throw wrong("can't give arguments to a value that is no function");
  return [first, at];
}

function parseOperand(tokens: readonly Token[], at: number): readonly [Expression, number] {
  const [base, next] = parseBase(tokens, at);
  const following = tokens[next];
  if (following?.kind !== 'fields' || !following.joined) return [base, next];
  return [{ kind: 'field', of: base, path: pathOf(following.text) }, next + 1];
}

const CONSTANTS: Readonly<Record<string, unknown>> = { true: true, false: false, nil: null };

function parseBase(tokens: readonly Token[], at: number): readonly [Expression, number] {
  const { kind, text, value } = tokens[at];
  switch (kind) {
    case 'literal':
      return [{ kind: 'literal', value }, at + 1];
    case 'variable':
      return [{ kind: 'variable', name: text }, at + 1];
    case 'dot':
      return [{ kind: 'dot' }, at + 1];
    case 'fields':
      return [{ kind: 'field', of: { kind: 'dot' }, path: pathOf(text) }, at + 1];
    case 'word':
      return text in CONSTANTS
        ? [{ kind: 'literal', value: CONSTANTS[text] }, at + 1]
        : [{ kind: 'call', name: text, args: [] }, at + 1];
    case 'sign': {
      const [inner, close] = parsePipeline(tokens, at + 1);
      if (tokens[close]?.text !== ')') throw wrong('unclosed (');
      return [inner, close + 1];
    }
  }
}

function pathOf(fields: string): readonly string[] {
  return fields.slice(1).split('.');
}

function wrong(reason: string): CommandError {
  return new CommandError(`template: ${reason}`);
}
