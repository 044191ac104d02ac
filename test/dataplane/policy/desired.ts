import { EntriesWriter, type Family, formatAddress, formatPrefix, same } from '../../../src/base/index.ts';
import type { DesiredPolicy, DesiredSet } from '../../../src/calc/desired/index.ts';
import type {
  EndpointClass,
  EnforcedEndpoint,
  EnforcedHostEndpoint,
  Enforcement,
  HostClass,
  HostEnforcement,
  HostSettings,
  Policy,
  Profile,
  SetMembers,
} from '../../../src/policy/index.ts';

/** What a node has to enforce, worked out whole, as the collections that the hands are given: each by what has changed. */
export class DesiredPolicies {
  readonly #endpoints = new EntriesWriter<EnforcedEndpoint>(same);
  readonly #classes = new EntriesWriter<EndpointClass>(same);
  readonly #policies = new EntriesWriter<Policy>(same);
  readonly #profiles = new EntriesWriter<Profile>(same);
  readonly #sets = new EntriesWriter<DesiredSet>(Object.is);
  readonly #members = new Map<string, SetWriter>();
  readonly #hosts = new DesiredHostEndpoints();

  of(enforcement: Enforcement, hosts?: HostEnforcement, settings?: HostSettings): DesiredPolicy {
    const wanted = new Map([...enforcement.sets, ...(hosts?.sets ?? [])]);
    for (const key of this.#members.keys()) if (!wanted.has(key)) this.#members.delete(key);
    const sets = [...wanted].map(([key, members]) => {
      const writer = this.#members.get(key) ?? new SetWriter();
      this.#members.set(key, writer);
      return [key, writer.of(members)] as const;
    });
    return {
      endpoints: put(this.#endpoints, enforcement.endpoints),
      classes: put(this.#classes, enforcement.classes),
      policies: put(this.#policies, enforcement.policies),
      profiles: put(this.#profiles, present(enforcement.profiles)),
      sets: put(this.#sets, new Map(sets)),
      problems: [],
      hosts: hosts && settings && this.#hosts.of(hosts, settings),
      endpointToHost: settings?.defaultEndpointToHostAction,
    };
  }
}

class DesiredHostEndpoints {
  readonly #endpoints = new EntriesWriter<EnforcedHostEndpoint>(same);
  readonly #classes = new EntriesWriter<HostClass>(same);
  readonly #policies = new EntriesWriter<Policy>(same);
  readonly #profiles = new EntriesWriter<Profile>(same);

  of(hosts: HostEnforcement, { failsafeInbound, failsafeOutbound }: HostSettings): DesiredPolicy['hosts'] {
    if (hosts.endpoints.size === 0) return undefined;
    return {
      endpoints: put(this.#endpoints, hosts.endpoints),
      classes: put(this.#classes, hosts.classes),
      policies: put(this.#policies, hosts.policies),
      profiles: put(this.#profiles, present(hosts.profiles)),
      failsafes: { inbound: failsafeInbound, outbound: failsafeOutbound },
    };
  }
}

function present(profiles: ReadonlyMap<string, Profile | undefined>): ReadonlyMap<string, Profile> {
  return new Map([...profiles].flatMap(([name, profile]) => (profile === undefined ? [] : [[name, profile] as const])));
}

class SetWriter {
  readonly #members = new EntriesWriter<Family>(Object.is);
  readonly #nets = new EntriesWriter<Family>(Object.is);
  #last: DesiredSet | undefined;

  of({ of, addresses, nets, ports }: SetMembers): DesiredSet {
    const members = new Map<string, Family>(addresses.map((address) => [formatAddress(address), address.family]));
    for (const { address, protocol, port } of ports) {
      members.set(`${formatAddress(address)} . ${protocol} . ${port}`, address.family);
    }
    const made: DesiredSet = {
      of,
      members: put(this.#members, members),
      nets: put(this.#nets, new Map(nets.map((net) => [formatPrefix(net), net.family]))),
    };
    if (!same(made, this.#last)) this.#last = made;
    return this.#last ?? made;
  }
}

function put<V>(writer: EntriesWriter<V>, values: ReadonlyMap<string, V>): ReturnType<EntriesWriter<V>['commit']> {
  for (const key of [...writer.keys()]) if (!values.has(key)) writer.set(key, undefined);
  for (const [key, value] of values) writer.set(key, value);
  return writer.commit();
}
