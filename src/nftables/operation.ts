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

/** Throws `NftError` where some of its text would end the statement that it stands in. */
export function checkOperation(operation: Operation): void {
  switch (operation.kind) {
    case 'add table':
    case 'delete table':
    case 'flush table':
      break;
    case 'add chain':
      checkName(operation.chain.name, 'chain');
      break;
    case 'add set':
      checkSet(operation.set);
      break;
    case 'add map':
      checkSet(operation.map);
      checkText(operation.map.value, 'type', ELEMENT_FORBIDDEN);
      break;
    case 'flush chain':
    case 'delete chain':
    case 'flush set':
    case 'delete set':
    case 'flush map':
    case 'delete map':
      checkName(operation.name, operation.kind);
      break;
    case 'add element':
    case 'delete element':
      checkName(operation.set.name, 'set');
      for (const element of operation.elements) checkText(element, 'element', ELEMENT_FORBIDDEN);
      break;
    case 'add map element':
    case 'delete map element':
      checkName(operation.map.name, 'map');
      for (const { key, value } of operation.entries) {
        checkText(key, 'element', ELEMENT_FORBIDDEN);
        checkText(value, 'map value', ELEMENT_FORBIDDEN);
      }
      break;
    case 'add rule': {
      const { chain, expression, comment } = operation.rule;
      checkName(chain, 'chain');
      checkText(expression, 'rule');
      if (comment !== undefined) checkText(comment, 'comment', /[\n\r"]/);
    }
  }
}

function checkSet({ name, type }: NamedSet | NamedMap): void {
  checkText(type, 'type', ELEMENT_FORBIDDEN);
  checkName(name, 'set');
}

/** The lines that `nft -f` reads for it, once it is checked. */
export function printOperation(operation: Operation, { family, name }: Table): readonly string[] {
  const at = `${family} ${name}`;
  switch (operation.kind) {
    case 'add table':
    case 'delete table':
    case 'flush table':
      return [`${operation.kind} ${at}`];
    case 'add chain':
      return [`add chain ${at} ${operation.chain.name}${printHook(operation.chain)}`];
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
      return [`${operation.kind} ${at} ${operation.name}`];
    case 'add element':
    case 'delete element': {
      const { set } = operation;
      const elements = operation.elements.map((element) => printKey(element, set.type));
      return lines(`${operation.kind} ${at} ${set.name}`, elements);
    }
    case 'add map element':
    case 'delete map element': {
      const verb = operation.kind === 'add map element' ? 'add' : 'delete';
      const { map } = operation;
      const entries = operation.entries.map(({ key, value }) => `${printKey(key, map.type)} : ${value}`);
      return lines(`${verb} element ${at} ${map.name}`, entries);
    }
    case 'add rule':
      return [`add rule ${at} ${operation.rule.chain} ${printRule(operation.rule)}`];
  }
}

function printHook({ base }: Chain): string {
  if (base === undefined) return '';
  const { type, hook, priority, policy } = base;
  const rest = policy === undefined ? '' : ` policy ${policy} ;`;
  return ` { type ${type} hook ${hook} priority ${priority} ;${rest} }`;
}

function printSet({ name, flags = [], timeout, ...set }: NamedSet | NamedMap, type: string): string {
  const words = [type, ';'];
  if (flags.length > 0) words.push('flags', flags.join(','), ';');
  if (timeout !== undefined) words.push('timeout', `${timeout}s`, ';');
  if ('autoMerge' in set && set.autoMerge) words.push('auto-merge', ';');
  return `${name} { ${words.join(' ')} }`;
}

/** Interface names stand in quotes, or nft might take them for words of its own. */
function printKey(key: string, type: string): string {
  const types = type.split(' . ');
  const parts = types.length === 1 ? [key] : key.split(' . ');
  return parts.map((part, index) => (types[index] === 'ifname' ? `"${part}"` : part)).join(' . ');
}

function printRule({ expression, comment }: NftRule): string {
  return comment === undefined ? expression : `${expression} comment "${comment.slice(0, COMMENT_LENGTH)}"`;
}

function lines(head: string, elements: readonly string[]): string[] {
  const made: string[] = [];
  for (let from = 0; from < elements.length; from += ELEMENTS_PER_LINE) {
    made.push(`${head} { ${elements.slice(from, from + ELEMENTS_PER_LINE).join(', ')} }`);
  }
  return made;
}
