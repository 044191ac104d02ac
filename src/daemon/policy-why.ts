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
  describeReason,
  type Endpoint,
  type EndpointDecision,
  type HostPacket,
  type HostVerdict,
  judge,
  type Packet,
  policyIdText,
  protocolHasPorts,
  protocolName,
  type World,
} from '../policy/index.ts';
import type { HostView } from './policy-hosts.ts';

/** The kernel's verdict on a packet. */
export interface KernelWord {
  /** Absent: it was not asked, and the words say why. */
  readonly allowed?: boolean;
  readonly words: string;
}

export interface WhySources {
  readonly world: World;
  readonly nodename: string;
  readonly hosts: HostView;
  /** How the packet passes this node, where it does by another way than from pod to pod. */
  readonly onHost: (packet: Packet) => Promise<HostPacket | undefined>;
  /** Where the packet would be sent from; absent: nobody wants to send one. */
  readonly originOf?: (packet: Packet) => Promise<NonNullable<WhyVerdict['origin']>>;
  readonly askKernel: (packet: Packet, onHost: HostPacket | undefined) => KernelWord;
}

export interface WhyQuestion {
  readonly source: string;
  readonly destination: string;
  readonly carried: string;
  readonly sourcePort?: number | undefined;
  readonly probe?: boolean | undefined;
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

async function whyOf(packet: Packet, sources: WhySources): Promise<WhyVerdict> {
  const { world, nodename, hosts, onHost, askKernel, originOf } = sources;
  const { egress, ingress } = judge(world, packet);
  const passing = await onHost(packet);
  const host = passing && hosts.judge(passing);
  // A node reaches its own pods whatever their policy says: kubelet's probes have to come through.
  const isFromItsHost = passing?.path === 'host-to-pod';
  const halves = isFromItsHost ? [egress] : [egress, ingress];
  const { protocol, sourcePort, destinationPort, icmp } = packet;
  const word = askKernel(packet, passing);
  // Of another node's half this kernel knows nothing.
  const here = host?.allowed ?? halves.every((half) => half.allowed || !isHere(half, world, nodename));
  return {
    source: named(packet.source, world),
    destination: named(packet.destination, world),
    protocol: protocolName(protocol),
    ...(protocolHasPorts(protocol) && { sourcePort, destinationPort }),
    ...(icmp !== undefined && { icmp }),
    allowed: halves.every((half) => half.allowed) && host?.allowed !== false,
    egress: decisionOf(egress, packet, world, nodename),
    ingress: isFromItsHost
      ? { ...NOBODY, direction: 'ingress', decidedBy: 'a node reaches its own pods' }
      : decisionOf(ingress, packet, world, nodename),
    ...(originOf !== undefined && { origin: await originOf(packet) }),
    ...(passing && host && hostPart(passing, host, sources)),
    kernel: { words: word.words, ...(word.allowed !== undefined && { agrees: word.allowed === here }) },
  };
}

const NOBODY = { allowed: true, isHere: true, asked: [] };

/**
 * The verdict of host endpoints, and of the setting for packets from pods to their host; nothing where neither is
 * asked.
 */
function hostPart(
  packet: HostPacket,
  { allowed, hook, decision }: HostVerdict,
  { world, nodename }: WhySources,
): Pick<WhyVerdict, 'host'> {
  const { path, interfaceName } = packet;
  const isNothing = hook === 'none' && path.startsWith('forward');
  if (hook === 'pod' || isNothing) return {};
  const direction = path === 'in' || path === 'forward-in' || path === 'pod-to-host' ? 'ingress' : 'egress';
  return {
    host: {
      ...(decision === undefined
        ? { ...NOBODY, direction, allowed, decidedBy: HOOKS[hook] }
        : decisionOf(decision, packet, world, nodename)),
      path,
      ...(interfaceName !== '' && { interface: interfaceName }),
      hook,
    },
  };
}

/** Why, where no policy decided. */
const HOOKS: Readonly<Record<HostVerdict['hook'], string>> = {
  tracking: 'its connection',
  tunnel: 'it is of a tunnel between nodes',
  failsafe: 'a failsafe',
  untracked: 'policy before tracking',
  'pre-dnat': 'policy before DNAT',
  filter: 'policy',
  pod: 'policy of the pod',
  'endpoint-to-host': 'the setting defaultEndpointToHostAction',
  none: 'no host endpoint is asked',
};

function isHere({ endpoint }: EndpointDecision, world: World, nodename: string): boolean {
  return world.endpoints.some(({ name, node }) => name === endpoint && node === nodename);
}

function decisionOf(decision: EndpointDecision, packet: Packet, world: World, nodename: string): WhyDecision {
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
