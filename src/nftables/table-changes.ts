import type { BatchChange, ObjectChange, SetDeclaration } from '../netlink/index.ts';
import { elementChange } from './element-changes.ts';
import type { NamedSet } from './objects.ts';
import { COMMENT_LENGTH, type Operation } from './operation.ts';
import { readRule } from './rule-words.ts';
import type { Transaction } from './transaction.ts';

/**
 * A transaction as the kernel takes it without nft: a change for each of its operations. Undefined for those that change
 * tables, hooks and maps, and where there is a type or a word that only nft knows.
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
    case 'add chain': {
      const { name, base } = operation.chain;
      return base === undefined ? { verb: 'add chain', chain: name } : undefined;
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
    case 'add set': {
      const declaration = declarationOf(operation.set);
      return declaration && { verb: 'add set', set: operation.set.name, declaration };
    }
    case 'delete set':
      return { verb: 'delete set', set: operation.name };
    default:
      return undefined;
  }
}

/** Numbers of types are nft's (include/datatype.h); those of a concatenation have six bits each. */
const TYPES: Readonly<Record<string, { readonly number: number; readonly octets: number }>> = {
  ipv4_addr: { number: 7, octets: 4 },
  ipv6_addr: { number: 8, octets: 16 },
  inet_proto: { number: 12, octets: 1 },
  inet_service: { number: 13, octets: 2 },
};
const TYPE_BITS = 6;

function declarationOf({ type, flags = [], timeout, autoMerge = false }: NamedSet): SetDeclaration | undefined {
  const parts = type.split(' . ').map((name) => TYPES[name]);
  if (!parts.every((part) => part !== undefined) || timeout !== undefined || autoMerge) return undefined;
  const [isInterval, isNumber] = [flags.includes('interval'), parts.length === 1];
  if (flags.some((flag) => flag !== 'interval') || (isInterval && !isNumber)) return undefined;
  return {
    type: parts.reduce((all, { number }) => (all << TYPE_BITS) | number, 0),
    octets: isNumber ? parts[0].octets : parts.reduce((sum, { octets }) => sum + ((octets + 3) & ~3), 0),
    isInterval,
    isNumber,
  };
}
