import type * as z from 'zod';
import type { PolicyId, Problem, Rule } from '../form.ts';
import { firstIssue } from './field.ts';

/** A rule that is not understood, and what holds instead: it never lets through more than was meant. */

export interface RulesRead {
  readonly rules: readonly Rule[];
  readonly problems: readonly Problem[];
}

/** An Allow that is not understood allows nothing; what would deny or hand on denies all; a Log says nothing. */
export function closedRule(action: unknown, index: number): readonly Rule[] {
  const isHarmless = action === 'Allow' || action === 'Accept' || action === 'Log';
  if (isHarmless) return [];
  return [{ action: 'Deny', index, match: { source: {}, destination: {} } }];
}

/** The same of a rule that is understood, in a policy of which something is not: what denies goes on to deny. */
export function closedUnlessDenying(rule: Rule): readonly Rule[] {
  return rule.action === 'Deny' ? [rule] : closedRule(rule.action, rule.index);
}

/**
 * Reads a list of rules, each by itself: one that is not understood leaves the others as they are. `action` is what all of
 * them do in a kind whose rules don't say.
 */
export function readRules<Line>(
  id: PolicyId,
  direction: 'ingress' | 'egress',
  lines: unknown,
  schema: z.ZodType<Line>,
  convert: (line: Line, index: number) => readonly Rule[],
  action?: 'Allow',
): RulesRead {
  if (lines === undefined || lines === null) return { rules: [], problems: [] };
  if (!Array.isArray(lines)) {
    const problem = { policy: id, field: direction, reason: 'is no list of rules: the direction is closed' };
    return { rules: closedRule('Deny', 0), problems: [problem] };
  }
  const rules: Rule[] = [];
  const problems: Problem[] = [];
  for (const [index, line] of lines.entries()) {
    const read = schema.safeParse(line);
    if (read.success) {
      rules.push(...convert(read.data, index));
      continue;
    }
    const closed = closedRule(action ?? (line as { action?: unknown } | null)?.action, index);
    rules.push(...closed);
    const { field, reason } = firstIssue(read.error);
    const holds = closed.length === 0 ? 'the rule is left out' : 'the rule denies all';
    problems.push({ policy: id, field: `${direction}[${index}].${field}`, reason: `${reason}: ${holds}` });
  }
  return { rules, problems };
}
