import type { Ruleset, RulesetRule, Statement } from './ruleset.ts';
import { isIncluded, type Traveller, unread, valueIn, type WalkedPacket } from './walked-value.ts';

export type { WalkedPacket } from './walked-value.ts';

/** Where a packet came to its end; who rejects it drops it too. */
export interface Walk {
  readonly verdict: 'accept' | 'drop';
  readonly chain: string;
  /** The rule's comment; undefined where the base chain's end decided. */
  readonly comment?: string | undefined;
}

/** The state that a packet takes along from one hook to the next. */
export interface HookState {
  readonly mark: number;
  /** Its connection is not tracked. */
  readonly isUntracked: boolean;
}

/** Where a packet comes by nobody has marked it yet. */
const UNTOUCHED: HookState = { mark: 0, isUntracked: false };

const TCP = 6;

type Outcome = Walk | 'return' | undefined;

/**
 * Tells what a table does with a packet, worked out from its listing and without sending one. It knows the words that our own
 * tables use; any other throws `NftError` with the code `NFT_UNREAD`, and nothing is guessed.
 *
 * The base chain's policy is taken to be accept.
 */
export function walk(
  ruleset: Ruleset,
  chain: string,
  packet: WalkedPacket,
  carried: HookState = UNTOUCHED,
): Walk & HookState {
  const traveller: Traveller = { packet, ...carried };
  const outcome = through(ruleset, chain, traveller);
  const { mark, isUntracked } = traveller;
  return { ...(typeof outcome === 'object' ? outcome : { verdict: 'accept', chain }), mark, isUntracked };
}

/**
 * The same through several base chains, as a packet comes by them: what one drops the next does not see. A chain that the
 * table does not have is passed. `at` is the packet as each chain sees it: translation changes it on its way.
 */
export function walkHooks(ruleset: Ruleset, chains: readonly (readonly [chain: string, at: WalkedPacket])[]): Walk {
  let way: Walk & HookState = { verdict: 'accept', chain: 'no hook', ...UNTOUCHED };
  for (const [chain, packet] of chains) {
    if (!ruleset.chains.has(chain)) continue;
    way = walk(ruleset, chain, packet, way);
    if (way.verdict === 'drop') break;
  }
  return way;
}

function through(ruleset: Ruleset, chain: string, traveller: Traveller): Outcome {
  const rules = ruleset.chains.get(chain);
  if (rules === undefined) throw unread('chain', chain);
  for (const rule of rules) {
    const outcome = throughRule(ruleset, chain, rule, traveller);
    if (outcome !== undefined) return outcome === 'return' ? undefined : outcome;
  }
  return undefined;
}

function throughRule(ruleset: Ruleset, chain: string, rule: RulesetRule, traveller: Traveller): Outcome {
  for (const [word, given] of rule.statements) {
    switch (word) {
      case 'match':
        if (!isMatch(ruleset, given as MatchGiven, traveller)) return undefined;
        break;
      case 'mangle':
        mangle(given as MangleGiven, traveller);
        break;
      case 'notrack':
        traveller.isUntracked = true;
        break;
      case 'counter':
      case 'log':
      case 'limit':
        break;
      case 'vmap': {
        const verdict = mapped(ruleset, given as VmapGiven, traveller);
        const outcome = verdict === undefined ? undefined : decide(ruleset, chain, rule, verdict, traveller);
        if (outcome !== undefined) return outcome;
        break;
      }
      default: {
        const outcome = decide(ruleset, chain, rule, [word, given], traveller);
        if (outcome !== undefined) return outcome;
      }
    }
  }
  return undefined;
}

/** A goto ends where it leads: without a verdict there, the chain that it stands in is over. */
function decide(
  ruleset: Ruleset,
  chain: string,
  rule: RulesetRule,
  [word, given]: Statement,
  traveller: Traveller,
): Outcome {
  switch (word) {
    case 'accept':
    case 'drop':
      return { verdict: word, chain, comment: rule.comment };
    case 'reject': {
      // A listing leaves out that a reset is for TCP alone.
      const isForOthers = (given as RejectGiven | null)?.type === 'tcp reset' && traveller.packet.protocol !== TCP;
      return isForOthers ? undefined : { verdict: 'drop', chain, comment: rule.comment };
    }
    case 'return':
      return 'return';
    case 'jump':
      return through(ruleset, targetOf(given), traveller);
    case 'goto':
      return through(ruleset, targetOf(given), traveller) ?? 'return';
    default:
      throw unread('statement', word);
  }
}

function targetOf(given: unknown): string {
  return (given as { readonly target: string }).target;
}

interface RejectGiven {
  readonly type?: string;
}

interface MatchGiven {
  readonly op: string;
  readonly left: unknown;
  readonly right: unknown;
}

function isMatch(ruleset: Ruleset, { op, left, right }: MatchGiven, traveller: Traveller): boolean {
  const value = valueIn(left, traveller);
  // The kernel leaves a rule whose value the packet does not have, whichever way it asks.
  if (value === undefined) return false;
  const isIn = isIncluded(ruleset, value, right);
  if (op === '==' || op === 'in') return isIn;
  if (op === '!=') return !isIn;
  throw unread('operator', op);
}

interface MangleGiven {
  readonly key: unknown;
  readonly value: unknown;
}

function mangle({ value }: MangleGiven, traveller: Traveller): void {
  const [operator, operands] = Object.entries(value as object)[0] as [string, readonly [unknown, number]];
  const [of, bits] = [BigInt(valueIn(operands[0], traveller) as number), BigInt(operands[1])];
  if (operator !== '|' && operator !== '&') throw unread('operator', operator);
  traveller.mark = Number(operator === '|' ? of | bits : of & bits);
}

interface VmapGiven {
  readonly key: unknown;
  readonly data: unknown;
}

function mapped(ruleset: Ruleset, { key, data }: VmapGiven, traveller: Traveller): Statement | undefined {
  const value = valueIn(key, traveller);
  if (value === undefined) return undefined;
  const entries =
    typeof data === 'string'
      ? ruleset.maps.get(data.slice(1))
      : (data as { set: readonly (readonly [unknown, unknown])[] }).set;
  if (entries === undefined) throw unread('map', String(data));
  const found = entries.find(([from]) => isIncluded(ruleset, value, from));
  return found && (Object.entries(found[1] as object)[0] as Statement);
}
