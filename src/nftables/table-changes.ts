import type { BatchChange, ObjectChange } from '../netlink/index.ts';
import { elementChange } from './element-changes.ts';
import { COMMENT_LENGTH, type Operation } from './operation.ts';
import { readRule } from './rule-words.ts';
import { declarationOf } from './set-types.ts';
import type { Transaction } from './transaction.ts';

/**
 * A transaction as the kernel takes it without nft: a change for each of its operations. Undefined for those that empty
 * tables, sets or maps, and where there is a type or a word that only nft knows.
 */
export function tableChanges({ operations, table: { family } }: Transaction): readonly BatchChange[] | undefined {
  const changes: BatchChange[] = [];
  for (const operation of operations) {
    const change =
      elementChange(operation) ?? (family === 'ip' || family === 'ip6' ? objectChange(family, operation) : undefined);
    if (change === undefined) return undefined;
    changes.push(change);
  }
  return changes;
}

function objectChange(family: 'ip' | 'ip6', operation: Operation): ObjectChange | undefined {
  switch (operation.kind) {
    case 'add table':
    case 'delete table':
      return { verb: operation.kind };
    case 'add chain': {
      const { name, base } = operation.chain;
      return { verb: 'add chain', chain: name, base: base && { ...base, policy: base.policy ?? 'accept' } };
    }
    case 'flush chain':
      return { verb: 'empty chain', chain: operation.name };
    case 'delete chain':
      return { verb: 'delete chain', chain: operation.name };
    case 'add rule': {
      const { chain, expression, comment } = operation.rule;
      const expressions = readRule(family, expression);
      const kept = comment?.slice(0, COMMENT_LENGTH);
      // nft counts octets, and refuses what is longer in its own words.
      const isLong = kept !== undefined && Buffer.byteLength(kept) > COMMENT_LENGTH;
      return expressions === undefined || isLong ? undefined : { verb: 'add rule', chain, expressions, comment: kept };
    }
    case 'add set':
    case 'add map': {
      const set = operation.kind === 'add set' ? operation.set : operation.map;
      const declaration = declarationOf(set);
      return declaration && { verb: 'add set', set: set.name, declaration };
    }
    case 'delete set':
    case 'delete map':
      return { verb: 'delete set', set: operation.name };
    default:
      return undefined;
  }
}
