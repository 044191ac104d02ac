import fc from 'fast-check';
import t from 'tap';
import { effectivePolicies } from '../../../src/policy/explain/index.ts';
import { policyIdText, type Rule } from '../../../src/policy/form.ts';
import { decideFor } from '../../../src/policy/verdict.ts';
import { crowdedWorld, everyPacket, type RandomWorld, randomWorld, worldOf } from '../random-worlds.ts';

/** Whatever the policies, a rule that is said to be never reached, or to match nobody, does nothing to any packet. */

const WORLDS = Number(process.env['WORLDS'] ?? 60);
const SEED = Number(process.env['SEED'] ?? 19);

for (const [what, worlds] of Object.entries({ any: randomWorld, crowded: crowdedWorld })) {
  t.test(`in worlds (${what}) marked rules decide nothing`, async (t) => {
    const counts = { marked: 0, used: 0 };
    const holds = fc.property(worlds, (given: RandomWorld) => {
      const world = worldOf(given);
      const packets = ([4, 6] as const).flatMap(everyPacket);
      for (const pod of world.endpoints) {
        const addresses = new Set(pod.addresses.map(({ family, value }) => `${family} ${value}`));
        for (const direction of ['egress', 'ingress'] as const) {
          const { tiers, profiles } = effectivePolicies(world, pod, direction);
          const marks = new Map<Rule, string>();
          for (const { name, rules } of [...tiers.flatMap(({ policies }) => policies), ...profiles]) {
            for (const { rule, shadowedBy, dead } of rules) {
              const mark = shadowedBy ?? dead;
              if (mark !== undefined) marks.set(rule, `${rule.action} rule ${rule.index} of ${name}: ${mark}`);
            }
          }
          counts.marked += marks.size;
          for (const packet of packets) {
            const { family, value } = direction === 'egress' ? packet.source : packet.destination;
            if (!addresses.has(`${family} ${value}`)) continue;
            const { reason, passed } = decideFor(world, packet, direction, pod);
            const done = [...(reason.kind === 'rule' ? [reason] : []), ...passed];
            for (const { policy, rule } of done) {
              if (rule === undefined) continue;
              counts.used++;
              const mark = marks.get(rule);
              if (mark !== undefined) throw new Error(`${policyIdText(policy)} ${direction} of ${pod.name}: ${mark}`);
            }
          }
        }
      }
    });
    fc.assert(holds, { numRuns: WORLDS, seed: SEED });
    t.ok(counts.marked > 100 && counts.used > 1000, 'and there was much of both');
  });
}
