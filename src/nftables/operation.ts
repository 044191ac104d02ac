import {
  type Chain,
  checkName,
  checkText,
  ELEMENT_FORBIDDEN,
  type MapElement,
  type NamedMap,
  type NamedSet,
  type NftRule,
  type Table,
} from './objects.ts';

/** One statement of a transaction. */
export type Operation =
  | { readonly kind: 'add table' | 'delete table' | 'flush table' }
  | { readonly kind: 'add chain'; readonly chain: Chain }
  | { readonly kind: 'flush chain' | 'delete chain'; readonly name: string }
  | { readonly kind: 'add set'; readonly set: NamedSet }
  | { readonly kind: 'add map'; readonly map: NamedMap }
  | { readonly kind: 'flush set' | 'delete set' | 'flush map' | 'delete map'; readonly name: string }
  | {
      readonly kind: 'add element' | 'delete element';
      readonly set: NamedSet;
      readonly elements: readonly string[];
    }
  | {
      readonly kind: 'add map element' | 'delete map element';
      readonly map: NamedMap;
      readonly entries: readonly MapElement[];
    }
  | { readonly kind: 'add rule'; readonly rule: NftRule };

/** Elements to a line: long enough to be quick, short enough to read in a log. */
const ELEMENTS_PER_LINE = 500;
/** Of a rule, in octets. */
export const COMMENT_LENGTH = 128;

/** The lines that `nft -f` reads for it. */
export function printOperation(operation: Operation, { family, name }: Table): readonly string[] {
  const at = `${family} ${name}`;
  switch (operation.kind) {
    case 'add table':
    case 'delete table':
    case 'flush table':
      return [`${operation.kind} ${at}`];
    case 'add chain':
      return [`add chain ${at} ${checkName(operation.chain.name, 'chain')}${printHook(operation.chain)}`];
    case 'add set':
      return [`add set ${at} ${printSet(operation.set, `type ${operation.set.type}`)}`];
    case 'add map':
      return [`add map ${at} ${printSet(operation.map, `type ${operation.map.type} : ${operation.map.value}`)}`];
    case 'flush chain':
    case 'delete chain':
    case 'flush set':
    case 'delete set':
    case 'flush map':
    case 'delete map':
      return [`${operation.kind} ${at} ${checkName(operation.name, operation.kind)}`];
    case 'add element':
    case 'delete element': {
      const { set } = operation;
      const elements = operation.elements.map((element) => printKey(element, set.type));
      return lines(`${operation.kind} ${at} ${checkName(set.name, 'set')}`, elements);
    }
    case 'add map element':
    case 'delete map element': {
      const verb = operation.kind === 'add map element' ? 'add' : 'delete';
      const { map } = operation;
      const entries = operation.entries.map(
        ({ key, value }) => `${printKey(key, map.type)} : ${checkText(value, 'map value', ELEMENT_FORBIDDEN)}`,
      );
      return lines(`${verb} element ${at} ${checkName(map.name, 'map')}`, entries);
    }
    case 'add rule':
      return [`add rule ${at} ${checkName(operation.rule.chain, 'chain')} ${printRule(operation.rule)}`];
  }
}

function printHook({ base }: Chain): string {
  if (base === undefined) return '';
  const { type, hook, priority, policy } = base;
  const rest = policy === undefined ? '' : ` policy ${policy} ;`;
  return ` { type ${type} hook ${hook} priority ${priority} ;${rest} }`;
}

function printSet({ name, flags = [], timeout, ...set }: NamedSet | NamedMap, type: string): string {
  const words = [checkText(type, 'type', ELEMENT_FORBIDDEN), ';'];
  if (flags.length > 0) words.push('flags', flags.join(','), ';');
  if (timeout !== undefined) words.push('timeout', `${timeout}s`, ';');
  if ('autoMerge' in set && set.autoMerge) words.push('auto-merge', ';');
  return `${checkName(name, 'set')} { ${words.join(' ')} }`;
}

/** Interface names stand in quotes, or nft might take them for words of its own. */
function printKey(key: string, type: string): string {
  checkText(key, 'element', ELEMENT_FORBIDDEN);
  const types = type.split(' . ');
  const parts = types.length === 1 ? [key] : key.split(' . ');
  return parts.map((part, index) => (types[index] === 'ifname' ? `"${part}"` : part)).join(' . ');
}

function printRule({ expression, comment }: NftRule): string {
  checkText(expression, 'rule');
  if (comment === undefined) return expression;
  checkText(comment, 'comment', /[\n\r"]/);
  return `${expression} comment "${comment.slice(0, COMMENT_LENGTH)}"`;
}

function lines(head: string, elements: readonly string[]): string[] {
  const made: string[] = [];
  for (let from = 0; from < elements.length; from += ELEMENTS_PER_LINE) {
    made.push(`${head} { ${elements.slice(from, from + ELEMENTS_PER_LINE).join(', ')} }`);
  }
  return made;
}
