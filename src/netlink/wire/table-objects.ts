import type { ByteWriter } from '../../base/index.ts';
import type { AnonymousSet, HookDeclaration, ObjectChange } from '../table-objects.ts';
import { attributeBytes, attributeNest, attributeText, attributeU32Network, closeNest, openNest } from './attribute.ts';
import { NLM_F_APPEND, NLM_F_CREATE } from './message.ts';
import { encodeNetfilter, NFNL_SUBSYS_NFTABLES, protocolFamily } from './nfnetlink.ts';
import { type SetNumbers, writeExpression } from './rule-expressions.ts';
import { anonymousName, writeDeclaration } from './set-declarations.ts';
import { encodeElements } from './set-elements.ts';

/*
 * Tables, chains, rules and sets (include/uapi/linux/netfilter/nf_tables.h):
 *
 *   NFTA_TABLE_NAME
 *   NFTA_CHAIN_TABLE, _NAME, _TYPE, _POLICY, _HOOK ─► NFTA_HOOK_HOOKNUM, _PRIORITY
 *   NFTA_RULE_TABLE, _CHAIN, _EXPRESSIONS ─► NFTA_LIST_ELEM …, _USERDATA     without expressions: all rules of the chain
 *   NFTA_SET_TABLE, _NAME …                                                  set-declarations.ts
 */
const NFT_MSG_NEWTABLE = 0;
const NFT_MSG_GETTABLE = 1;
const NFT_MSG_DELTABLE = 2;
const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_DELCHAIN = 5;
const NFT_MSG_NEWRULE = 6;
const NFT_MSG_DELRULE = 8;
const NFT_MSG_NEWSET = 9;
const NFT_MSG_DELSET = 11;

/** Of all of them alike. */
const TABLE = 1;
const NFTA_CHAIN_NAME = 3;
const NFTA_CHAIN_HOOK = 4;
const NFTA_CHAIN_POLICY = 5;
const NFTA_CHAIN_TYPE = 7;
const NFTA_HOOK_HOOKNUM = 1;
const NFTA_HOOK_PRIORITY = 2;
const NFTA_RULE_CHAIN = 2;
const NFTA_RULE_EXPRESSIONS = 4;
const NFTA_RULE_USERDATA = 7;
const NFTA_LIST_ELEM = 1;
const NFTA_SET_NAME = 2;

const NFTNL_UDATA_RULE_COMMENT = 0;
/** enum nf_inet_hooks. */
const HOOKS = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
const POLICIES = { drop: 0, accept: 1 } as const;

const utf8 = new TextEncoder();

const REQUESTS: Readonly<Record<ObjectChange['verb'], readonly [what: number, flags: number]>> = {
  'add table': [NFT_MSG_NEWTABLE, NLM_F_CREATE],
  'delete table': [NFT_MSG_DELTABLE, 0],
  'add chain': [NFT_MSG_NEWCHAIN, NLM_F_CREATE],
  'delete chain': [NFT_MSG_DELCHAIN, 0],
  'add rule': [NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND],
  'empty chain': [NFT_MSG_DELRULE, 0],
  'add set': [NFT_MSG_NEWSET, NLM_F_CREATE],
  'delete set': [NFT_MSG_DELSET, 0],
};

type NamedTable = { readonly family: string; readonly name: string };

/** Asks for one table, outside of any batch. */
export function encodeTableQuery({ family, name }: NamedTable): Uint8Array {
  const request = { subsystem: NFNL_SUBSYS_NFTABLES, what: NFT_MSG_GETTABLE, family: protocolFamily(family) };
  return encodeNetfilter(request, (writer) => attributeText(writer, TABLE, name));
}

/** Numbers for the sets of one batch. */
export class BatchNumbers {
  #last = 0;

  next(): number {
    return ++this.#last;
  }
}

const NO_NUMBERS: SetNumbers = new Map();

/** The requests for a change: one, and before a rule those for its sets without names. */
export function encodeObject(table: NamedTable, change: ObjectChange, batch: BatchNumbers): readonly Uint8Array[] {
  if (change.verb !== 'add rule') return [encode(table, change.verb, (writer) => writeChange(writer, change, batch))];
  let numbers: Map<AnonymousSet, number> | undefined;
  const sets: Uint8Array[] = [];
  for (const expression of change.expressions) {
    if (expression.kind !== 'lookup' || typeof expression.set === 'string') continue;
    const number = batch.next();
    numbers = (numbers ?? new Map()).set(expression.set, number);
    sets.push(...encodeAnonymous(table, expression.set, number));
  }
  sets.push(encode(table, change.verb, (writer) => writeRule(writer, change, numbers ?? NO_NUMBERS)));
  return sets;
}

function encode(table: NamedTable, verb: ObjectChange['verb'], body: (writer: ByteWriter) => void): Uint8Array {
  const [what, flags] = REQUESTS[verb];
  const request = { subsystem: NFNL_SUBSYS_NFTABLES, what, family: protocolFamily(table.family), flags };
  return encodeNetfilter(request, (writer) => {
    attributeText(writer, TABLE, table.name);
    body(writer);
  });
}

function encodeAnonymous(table: NamedTable, made: AnonymousSet, number: number): readonly Uint8Array[] {
  const { declaration, elements } = made;
  const set = anonymousName(made);
  const added = encode(table, 'add set', (writer) => {
    attributeText(writer, NFTA_SET_NAME, set);
    writeDeclaration(writer, declaration, number, elements.length);
  });
  return [added, ...encodeElements(table, { verb: 'add', set, elements }, number).map(({ bytes }) => bytes)];
}

type RuleChange = Extract<ObjectChange, { readonly verb: 'add rule' }>;

function writeChange(writer: ByteWriter, change: Exclude<ObjectChange, RuleChange>, batch: BatchNumbers): void {
  switch (change.verb) {
    case 'add table':
    case 'delete table':
      break;
    case 'add chain':
      attributeText(writer, NFTA_CHAIN_NAME, change.chain);
      if (change.base !== undefined) writeHook(writer, change.base);
      break;
    case 'delete chain':
      attributeText(writer, NFTA_CHAIN_NAME, change.chain);
      break;
    case 'empty chain':
      attributeText(writer, NFTA_RULE_CHAIN, change.chain);
      break;
    case 'add set':
      attributeText(writer, NFTA_SET_NAME, change.set);
      writeDeclaration(writer, change.declaration, batch.next());
      break;
    case 'delete set':
      attributeText(writer, NFTA_SET_NAME, change.set);
      break;
  }
}

function writeHook(writer: ByteWriter, { type, hook, priority, policy }: HookDeclaration): void {
  attributeNest(writer, NFTA_CHAIN_HOOK, () => {
    attributeU32Network(writer, NFTA_HOOK_HOOKNUM, HOOKS[hook]);
    attributeU32Network(writer, NFTA_HOOK_PRIORITY, priority);
  });
  attributeU32Network(writer, NFTA_CHAIN_POLICY, POLICIES[policy]);
  attributeText(writer, NFTA_CHAIN_TYPE, type);
}

function writeRule(writer: ByteWriter, rule: RuleChange, numbers: SetNumbers): void {
  attributeText(writer, NFTA_RULE_CHAIN, rule.chain);
  const list = openNest(writer, NFTA_RULE_EXPRESSIONS);
  for (const expression of rule.expressions) {
    const element = openNest(writer, NFTA_LIST_ELEM);
    writeExpression(writer, expression, numbers);
    closeNest(writer, element);
  }
  closeNest(writer, list);
  if (rule.comment === undefined) return;
  const comment = utf8.encode(rule.comment);
  const userData = new Uint8Array(comment.length + 3);
  userData[0] = NFTNL_UDATA_RULE_COMMENT;
  userData[1] = comment.length + 1;
  userData.set(comment, 2);
  attributeBytes(writer, NFTA_RULE_USERDATA, userData);
}
