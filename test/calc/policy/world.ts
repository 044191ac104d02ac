import { formatAddress, formatPrefix } from '../../../src/base/index.ts';
import type { Calculation, Desired } from '../../../src/calc/index.ts';
import {
  type Enforcement,
  enforcementOf,
  type HostEnforcement,
  hostEnforcementOf,
  type SetMembers,
  workloadEndpoint,
} from '../../../src/policy/index.ts';

/** A section of the policy as plain data. */
export type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What the specification says of everything that the calculation was told. */
export function specified(calculation: Calculation, nodename: string): Sections {
  const own = calculation.inputs().filter((one) => one.kind === 'WorkloadEndpoint' && one.spec.node === nodename);
  const local = own
    .flatMap((one) => (one.kind === 'WorkloadEndpoint' ? [one] : []))
    .filter(({ spec }) => spec.interfaceName && (spec.ipNetworks?.length ?? 0) > 0)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    .map((one) => ({ interfaceName: one.spec.interfaceName ?? '', endpoint: workloadEndpoint(one) }));
  return plain(enforcementOf(calculation.world(), local), hostEnforcementOf(calculation.world(), nodename));
}

function nameOf({ metadata }: { metadata: { name: string; namespace?: string | undefined } }): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function plain({ endpoints, classes, policies, profiles, sets }: Enforcement, hosts: HostEnforcement): Sections {
  const there = (all: Enforcement['profiles']) => [...all].filter(([, profile]) => profile !== undefined);
  return {
    hosts: {
      endpoints: Object.fromEntries(hosts.endpoints),
      classes: Object.fromEntries(hosts.classes),
      policies: Object.fromEntries(hosts.policies),
      profiles: Object.fromEntries(there(hosts.profiles)),
    },
    endpoints: Object.fromEntries(endpoints),
    classes: Object.fromEntries(classes),
    policies: Object.fromEntries(policies),
    profiles: Object.fromEntries(there(profiles)),
    sets: Object.fromEntries([...sets, ...hosts.sets].map(([key, members]) => [key, plainSet(members)])),
  };
}

function plainSet({ of, addresses, nets, ports }: SetMembers) {
  const members = [
    ...addresses.map((address) => [formatAddress(address), address.family]),
    ...ports.map(({ address, protocol, port }) => [
      `${formatAddress(address)} . ${protocol} . ${port}`,
      address.family,
    ]),
  ];
  return {
    of,
    members: Object.fromEntries(members),
    nets: Object.fromEntries(nets.map((net) => [formatPrefix(net), net.family])),
  };
}

/** The same of what the calculation came to. */
export function calculated({ policy }: Desired): Sections | undefined {
  if (policy === undefined) return undefined;
  const { endpoints, classes, policies, profiles, sets } = policy;
  return {
    hosts: {
      endpoints: Object.fromEntries(policy.hosts?.endpoints ?? []),
      classes: Object.fromEntries(policy.hosts?.classes ?? []),
      policies: Object.fromEntries(policy.hosts?.policies ?? []),
      profiles: Object.fromEntries(policy.hosts?.profiles ?? []),
    },
    endpoints: Object.fromEntries(endpoints),
    classes: Object.fromEntries(classes),
    policies: Object.fromEntries(policies),
    profiles: Object.fromEntries(profiles),
    sets: Object.fromEntries(
      [...sets].map(([key, { of, members, nets }]) => [
        key,
        { of, members: Object.fromEntries(members), nets: Object.fromEntries(nets) },
      ]),
    ),
  };
}
