/**
 * explain: why a verdict is what it is, and which packets show that a kernel gives it.
 *
 *     judge ─► verdict ─┬─► explanation      each rule that was looked at, and the condition that it failed by
 *                       └─ effective         all that an endpoint is asked, with what can decide nothing
 *     rules ─► representatives               packets at their borders, for whoever compares a kernel with the judge
 *     `red/web` `red/db` `tcp/443` ─► ends ─► packets
 *
 * Nothing here decides: words are made by asking the judge's own functions again, condition by condition.
 */
export { type EffectivePolicy, effectivePolicies } from './effective.ts';
export { packetsBetween, QuestionError, readCarried, readEnd } from './ends.ts';
export { explainDecision } from './explanation.ts';
export { named } from './mismatch.ts';
export { representativesOf } from './representatives.ts';
export { ruleText } from './rule-text.ts';
