import { type Address, addressBits, formatAddress, parseAddress } from '../base/index.ts';
import type { FlowAnswer, FlowDecision } from '../control/index.ts';
import type { FlowRecord } from '../observe/flows/index.ts';
import {
  describeReason,
  type EndpointDecision,
  judge,
  type Packet,
  policyIdText,
  protocolHasPorts,
  type World,
} from '../policy/index.ts';
import { placeOf } from './drops.ts';

export interface FlowWordsOptions {
  readonly world: World;
  readonly nodename: string;
  /** The tier of an enforced policy, by its text. */
  readonly tierOf: (policy: string) => string | undefined;
}

/** Who the ends of a flow are, and what policy says of it: as it stands in one world. */
export type FlowMeaning = Pick<FlowAnswer, 'source' | 'destination' | 'service' | 'decisions'>;

/** Makes words of records. What is asked often is found once: a world never changes. */
export class FlowWords {
  readonly #options: FlowWordsOptions;
  #nodes: ReadonlyMap<string, string> | undefined;

  constructor(options: FlowWordsOptions) {
    this.#options = options;
  }

  meaningOf(record: FlowRecord): FlowMeaning {
    const { denied, service } = record;
    const [source, destination] = [parseAddress(record.source), parseAddress(record.destination)];
    return {
      source: this.#end(source, record.sourcePort, record.protocol),
      destination: this.#end(destination, record.destinationPort, record.protocol),
      ...(service && { service: { address: service.address, ...(service.port > 0 && { port: service.port }) } }),
      decisions: denied === undefined ? this.#verdict(record, source, destination) : [this.#denial(denied)],
    };
  }

  #end(address: Address, port: number, protocol: number): FlowAnswer['source'] {
    const text = formatAddress(address);
    const name = this.#options.world.endpointsAt(address)[0]?.name ?? this.#nodeAt(text);
    return { address: text, ...(name !== undefined && { name }), ...(protocolHasPorts(protocol) && { port }) };
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

  /** What policy says of its first packet: of another node's half this node knows what the other should do. */
  #verdict(record: FlowRecord, source: Address, destination: Address): FlowDecision[] {
    const { world, nodename } = this.#options;
    const { egress, ingress } = judge(world, packetOf(record, source, destination));
    const [from, to] = [world.podAt(source), world.podAt(destination)];
    const isFromHost = to?.node === nodename && this.#nodeAt(record.source) === nodename;
    const halves: FlowDecision[] = [];
    if (from !== undefined) halves.push(decisionOf(egress, from.node === nodename));
    if (isFromHost) halves.push({ ...NODE_TO_POD });
    else if (to !== undefined) halves.push(decisionOf(ingress, to.node === nodename));
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
