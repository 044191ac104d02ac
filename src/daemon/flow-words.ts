import { type Address, addressBits, formatAddress, parseAddress } from '../base/index.ts';
import type { FlowDecision } from '../control/index.ts';
import type { FlowRecord } from '../observe/flows/index.ts';
import {
  describeReason,
  type EndpointDecision,
  judge,
  type Packet,
  policyIdText,
  type World,
} from '../policy/index.ts';
import { placeOf } from './drops.ts';

export interface FlowWordsOptions {
  readonly world: World;
  readonly nodename: string;
  /** The tier of an enforced policy, by its text. */
  readonly tierOf: (policy: string) => string | undefined;
}

/** The ends of a flow and the policy's word on it, in one world. Equal meanings are the same object. */
export interface FlowMeaning {
  readonly source: string | undefined;
  readonly destination: string | undefined;
  readonly decisions: FlowDecision[];
}

/** So many ends and decisions are remembered. */
const MOST = 4096;

interface FlowEnd {
  readonly address: Address;
  readonly name: string | undefined;
  /** The node that it is a pod of. */
  readonly node: string | undefined;
}

/** Makes words of records. What is asked often is found once: a world never changes. */
export class FlowWords {
  readonly #options: FlowWordsOptions;
  #nodes: ReadonlyMap<string, string> | undefined;
  readonly #ends = new Map<string, FlowEnd>();
  /** By what they say: of a thousand flows by one rule there is one. */
  readonly #meanings = new Map<string, FlowMeaning>();

  constructor(options: FlowWordsOptions) {
    this.#options = options;
  }

  meaningOf(record: FlowRecord): FlowMeaning {
    const { denied } = record;
    const [source, destination] = [this.#end(record.source), this.#end(record.destination)];
    const decisions = denied === undefined ? this.#verdict(record, source, destination) : [this.#denial(denied)];
    const words = decisions.map(({ direction, isHere, decidedBy }) => `${direction} ${isHere} ${decidedBy}`);
    const key = [source.name, destination.name, ...words].join('\n');
    return kept(this.#meanings, key, () => ({ source: source.name, destination: destination.name, decisions }));
  }

  #end(text: string): FlowEnd {
    return kept(this.#ends, text, () => {
      const { world } = this.#options;
      const address = parseAddress(text);
      const name = world.endpointsAt(address)[0]?.name ?? this.#nodeAt(text);
      return { address, name, node: world.podAt(address)?.node };
    });
  }

  #denial(why: string): FlowDecision {
    const { direction, tier, policy, rule } = placeOf(why, this.#options.tierOf);
    return {
      ...(direction !== undefined && { direction }),
      ...{ allowed: false, isHere: true, decidedBy: why },
      ...(tier !== undefined && { tier }),
      ...(policy !== undefined && { policy }),
      ...(rule !== undefined && { rule }),
    };
  }

  /** The verdict on its first packet: of another node's half this node knows what the other should do. */
  #verdict(record: FlowRecord, source: FlowEnd, destination: FlowEnd): FlowDecision[] {
    const { world, nodename } = this.#options;
    const { egress, ingress } = judge(world, packetOf(record, source.address, destination.address));
    const isHere = destination.node === nodename;
    const isFromHost = isHere && this.#nodeAt(record.source) === nodename;
    const halves: FlowDecision[] = [];
    if (egress.endpoint !== undefined) halves.push(decisionOf(egress, source.node === nodename));
    if (isFromHost) halves.push({ ...NODE_TO_POD });
    else if (ingress.endpoint !== undefined) halves.push(decisionOf(ingress, isHere));
    return halves;
  }

  #nodeAt(address: string): string | undefined {
    this.#nodes ??= new Map(
      this.#options.world.nodes.flatMap(({ name, nets }) =>
        nets
          .filter(({ family, length }) => length === addressBits(family))
          .map(({ family, value }) => [formatAddress({ family, value }), name] as const),
      ),
    );
    return this.#nodes.get(address);
  }
}

const NODE_TO_POD: FlowDecision = {
  ...{ direction: 'ingress', allowed: true, isHere: true },
  decidedBy: 'a node reaches its own pods',
};

function kept<Value>(all: Map<string, Value>, key: string, make: () => Value): Value {
  let found = all.get(key);
  if (found === undefined) {
    found = make();
    if (all.size >= MOST) all.clear();
    all.set(key, found);
  }
  return found;
}

function packetOf(record: FlowRecord, source: Address, destination: Address): Packet {
  const { protocol, sourcePort, destinationPort, icmp } = record;
  return { source, destination, protocol, sourcePort, destinationPort, ...(icmp !== undefined && { icmp }) };
}

function decisionOf({ direction, allowed, reason }: EndpointDecision, isHere: boolean): FlowDecision {
  return {
    ...{ direction, allowed, isHere, decidedBy: describeReason(reason) },
    ...('tier' in reason && { tier: reason.tier }),
    ...('policy' in reason && reason.kind === 'rule' && { policy: policyIdText(reason.policy) }),
    ...('rule' in reason && { rule: reason.rule.name ?? String(reason.rule.index) }),
  };
}
