import { readFileSync } from 'node:fs';
import t from 'tap';
import { caseFile, runCases } from '../../../src/policy/cases/index.ts';
import { effectivePolicies, explainDecision } from '../../../src/policy/explain/index.ts';
import { mismatch } from '../../../src/policy/explain/mismatch.ts';
import { type Direction, type Endpoint, policyIdText, type Rule } from '../../../src/policy/form.ts';
import { matches, type Packet } from '../../../src/policy/match.ts';
import { type EndpointDecision, judge } from '../../../src/policy/verdict.ts';
import { describeVerdict } from '../../../src/policy/words.ts';
import type { World } from '../../../src/policy/world.ts';

const read = (name: string): unknown => JSON.parse(readFileSync(`test/policy/cases/${name}.json`, 'utf8'));
const { worlds } = caseFile.parse(read('calico'));

/** Rules of an endpoint that are marked as such that can decide nothing. */
class Marked {
  readonly #marked = new Map<string, Map<Rule, string>>();

  of(world: World, endpoint: Endpoint, direction: Direction): ReadonlyMap<Rule, string> {
    const key = `${endpoint.name} ${direction}`;
    let marked = this.#marked.get(key);
    if (marked === undefined) {
      const { tiers, profiles } = effectivePolicies(world, endpoint, direction);
      const rules = [...tiers.flatMap(({ policies }) => policies), ...profiles].flatMap((one) => one.rules);
      marked = new Map(
        rules.flatMap(({ rule, shadowedBy, dead }) => {
          const why = shadowedBy ?? dead;
          return why === undefined ? [] : [[rule, why] as const];
        }),
      );
      this.#marked.set(key, marked);
    }
    return marked;
  }
}

/** What is wrong with the explanation of a decision; nothing mostly. */
function wrongs(world: World, packet: Packet, decision: EndpointDecision, marked: Marked): readonly string[] {
  const { reason, endpoint: name, direction } = decision;
  const asked = explainDecision(world, packet, decision);
  const found: string[] = [];
  const deciding = asked.flatMap(({ rules }) => rules.filter(({ because }) => because === undefined));
  const decided = reason.kind === 'rule' || reason.kind === 'profile' ? [reason.rule] : [];
  if (deciding.map(({ rule }) => rule).join() !== decided.join()) found.push('another rule is said to decide');
  if (reason.kind === 'rule' && asked.at(-1)?.name !== policyIdText(reason.policy)) found.push('it does not end there');
  for (const { rules } of asked) {
    for (const { rule } of rules) {
      const words = mismatch(rule.match, packet, world);
      if ((words === undefined) !== matches(rule.match, packet, world)) found.push(`not as it matches: ${words}`);
    }
  }
  const endpoint = world.endpoints.find((one) => one.name === name);
  if (endpoint !== undefined) {
    for (const rule of decided) {
      const why = marked.of(world, endpoint, direction).get(rule);
      if (why !== undefined) found.push(`a rule decides that was said to decide nothing: ${why}`);
    }
  }
  return found;
}

for (const name of ['kubernetes', 'cluster-network-policy', 'networks', 'calico']) {
  t.test(`every verdict of the table ${name} is explained by the rules that it came from`, async (t) => {
    const file = caseFile.parse(read(name));
    let count = 0;
    const found: string[] = [];
    await runCases(file, worlds, (world) => {
      const marked = new Marked();
      return (packet) => {
        const verdict = judge(world, packet);
        for (const decision of [verdict.egress, verdict.ingress]) {
          count++;
          found.push(...wrongs(world, packet, decision, marked));
        }
        return { allowed: verdict.allowed, words: describeVerdict(verdict) };
      };
    });
    t.ok(count > 250, `${count} decisions`);
    t.same([...new Set(found)].slice(0, 5), []);
  });
}
