import { formatAddress } from '../base/index.ts';
import type { EffectiveAnswer, WhyAnswer, WhyDecision, WhyVerdict } from '../control/index.ts';
import {
  type EffectivePolicy,
  effectivePolicies,
  explainDecision,
  named,
  packetsBetween,
  readCarried,
  readEnd,
  ruleText,
} from '../policy/explain/index.ts';
import {
  type Decision,
  describeReason,
  type Endpoint,
  judge,
  type Packet,
  policyIdText,
  protocolHasPorts,
  protocolName,
  type World,
} from '../policy/index.ts';

/** What the kernel says of a packet. */
export interface KernelWord {
  /** Absent: it was not asked, and the words say why. */
  readonly allowed?: boolean;
  readonly words: string;
}

export interface WhySources {
  readonly world: World;
  readonly nodename: string;
  readonly askKernel: (packet: Packet) => Promise<KernelWord>;
}

export interface WhyQuestion {
  readonly source: string;
  readonly destination: string;
  readonly carried: string;
  readonly sourcePort?: number | undefined;
}

/** Says what policy does with the packets of a question, and why. Throws `QuestionError` for what can't be asked. */
export async function answerWhy(question: WhyQuestion, sources: WhySources): Promise<WhyAnswer> {
  const { world } = sources;
  const [source, destination] = [readEnd(question.source, world), readEnd(question.destination, world)];
  const carried = readCarried(question.carried, destination.endpoint);
  const verdicts: WhyVerdict[] = [];
  for (const packet of packetsBetween(source, destination, carried, question.sourcePort)) {
    verdicts.push(await whyOf(packet, sources));
  }
  const allowed = verdicts.every((verdict) => verdict.allowed);
  return { source: source.name, destination: destination.name, allowed, verdicts };
}

async function whyOf(packet: Packet, { world, nodename, askKernel }: WhySources): Promise<WhyVerdict> {
  const { allowed, egress, ingress } = judge(world, packet);
  const { protocol, sourcePort, destinationPort, icmp } = packet;
  const word = await askKernel(packet);
  // Of another node's half this kernel knows nothing.
  const here = [egress, ingress].every((half) => half.allowed || !isHere(half, world, nodename));
  return {
    source: named(packet.source, world),
    destination: named(packet.destination, world),
    protocol: protocolName(protocol),
    ...(protocolHasPorts(protocol) && { sourcePort, destinationPort }),
    ...(icmp !== undefined && { icmp }),
    allowed,
    egress: decisionOf(egress, packet, world, nodename),
    ingress: decisionOf(ingress, packet, world, nodename),
    kernel: { words: word.words, ...(word.allowed !== undefined && { agrees: word.allowed === here }) },
  };
}

function isHere({ endpoint }: Decision, world: World, nodename: string): boolean {
  return world.endpoints.some(({ kind, name, node }) => kind === 'pod' && name === endpoint && node === nodename);
}

function decisionOf(decision: Decision, packet: Packet, world: World, nodename: string): WhyDecision {
  const { direction, allowed, endpoint, reason } = decision;
  return {
    direction,
    allowed,
    ...(endpoint !== undefined && { endpoint }),
    isHere: isHere(decision, world, nodename),
    decidedBy: describeReason(reason),
    ...('tier' in reason && { tier: reason.tier }),
    ...('policy' in reason && { policy: policyIdText(reason.policy) }),
    ...('rule' in reason && { rule: ruleOf(reason.rule) }),
    asked: explainDecision(world, packet, decision).map(({ tier, name, rules }) => ({
      ...(tier !== undefined && { tier }),
      policy: name,
      rules: rules.map(({ rule, because }) => ({ ...ruleOf(rule), ...(because !== undefined && { because }) })),
    })),
  };
}

function ruleOf({
  index,
  name,
  action,
}: {
  readonly index: number;
  readonly name?: string | undefined;
  readonly action: string;
}) {
  return { index, action, ...(name !== undefined && { name }) };
}

/** All that a pod is asked, in order, for both directions. */
export function answerEffective(pod: string, world: World): EffectiveAnswer {
  const { endpoint, name } = readEnd(pod, world);
  const whose: Endpoint = endpoint ?? { kind: 'host', name, labels: {}, profiles: [], addresses: [], ports: [] };
  return {
    pod: name,
    addresses: whose.addresses.map(formatAddress),
    directions: (['ingress', 'egress'] as const).map((direction) => {
      const { tiers, profiles } = effectivePolicies(world, whose, direction);
      return {
        direction,
        tiers: tiers.map(({ tier, order, defaultAction, policies }) => ({
          tier,
          ...orderOf(order),
          defaultAction,
          policies: policies.map(effectiveOf),
        })),
        profiles: profiles.map(effectiveOf),
      };
    }),
  };
}

function effectiveOf({ name, order, rules }: EffectivePolicy): EffectiveAnswer['directions'][0]['profiles'][0] {
  return {
    policy: name,
    ...(order !== undefined && orderOf(order)),
    rules: rules.map(({ rule, shadowedBy, dead }) => ({
      index: rule.index,
      ...(rule.name !== undefined && { name: rule.name }),
      text: ruleText(rule),
      ...(shadowedBy !== undefined && { shadowedBy }),
      ...(dead !== undefined && { dead }),
    })),
  };
}

/** JSON has no word for what comes after all others. */
function orderOf(order: number): { readonly order?: number } {
  return Number.isFinite(order) ? { order } : {};
}
