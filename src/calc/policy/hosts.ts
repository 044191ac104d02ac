import { EntriesWriter, formatAddress, parsePrefix, same } from '../../base/index.ts';
import {
  DEFAULT_FAILSAFES,
  type Endpoint,
  type EnforcedHostEndpoint,
  type Failsafe,
  HOST_ASKS,
  type HostClass,
  hostClassKey,
  hostClassOf,
  policyKey,
  protocolNumber,
  type TierOfEndpoint,
} from '../../policy/index.ts';
import type { DesiredHosts } from '../desired/policy.ts';
import type { FelixSettings } from '../felix.ts';
import type { AskedPolicies } from './asked.ts';
import { ClassTable } from './class-table.ts';

export type HostFailsafes = DesiredHosts['failsafes'];

/** The answer of `hostEnforcementOf` about this node's host endpoints, kept up by changes. */
export class EnforcedHosts {
  readonly #endpoints = new EntriesWriter<EnforcedHostEndpoint>(same);
  readonly #classes = new ClassTable<HostClass>();
  readonly #asked: AskedPolicies;
  #committed: DesiredHosts | undefined;

  constructor(asked: AskedPolicies) {
    this.#asked = asked;
  }

  /** The endpoint with what is asked of it, tier after tier; undefined: it is not here any more. */
  put(name: string, endpoint: Endpoint | undefined, tiers: readonly TierOfEndpoint[]): void {
    const classes = HOST_ASKS.flatMap((where): (readonly [where: string, key: string, made: HostClass])[] => {
      const asked = endpoint && hostClassOf(endpoint, where, tiers);
      if (asked === undefined) return [];
      const { hook, direction, profiles } = asked;
      const made: HostClass = {
        ...{ hook, direction, profiles },
        tiers: asked.tiers.map(({ tier, asked: policies }) => ({ tier, policies: policies.map(policyKey) })),
      };
      return [[where, hostClassKey(made), made]];
    });
    this.#classes.put(
      name,
      classes.map(([, key, made]) => [key, made]),
    );
    this.#endpoints.set(
      name,
      endpoint && {
        interfaceName: endpoint.interfaceName,
        addresses: endpoint.addresses.map(formatAddress),
        classes: Object.fromEntries(classes.map(([where, key]) => [where, key])),
      },
    );
  }

  /** Undefined: none is here. Before the sets are committed. */
  commit(sources: Parameters<AskedPolicies['run']>[1], failsafes: HostFailsafes): DesiredHosts | undefined {
    this.#classes.settle();
    const now: DesiredHosts = {
      endpoints: this.#endpoints.commit(),
      classes: this.#classes.commit(),
      ...this.#asked.run(this.#classes, sources),
      failsafes,
    };
    if (now.endpoints.size === 0) this.#committed = undefined;
    else if (this.#committed === undefined || !same(this.#committed, now)) this.#committed = now;
    return this.#committed;
  }
}

/** The ports that stay open, as the node's settings have them, or as Calico has them by itself. */
export function failsafesOf({
  failsafeInboundHostPorts: inbound,
  failsafeOutboundHostPorts: outbound,
}: FelixSettings): HostFailsafes {
  return {
    inbound: inbound?.flatMap(failsafe) ?? DEFAULT_FAILSAFES.inbound,
    outbound: outbound?.flatMap(failsafe) ?? DEFAULT_FAILSAFES.outbound,
  };
}

type Given = NonNullable<FelixSettings['failsafeInboundHostPorts']>[number];

function failsafe({ protocol = 'TCP', port, net }: Given): readonly Failsafe[] {
  const number = protocolNumber(protocol);
  return number === undefined ? [] : [{ protocol: number, port, ...(net && { net: parsePrefix(net) }) }];
}
