import { type Entries, EntriesWriter, type Family, formatAddress, formatPrefix, same } from '../../base/index.ts';
import type { EndpointClass, EnforcedEndpoint, Enforcement, Policy, Profile, SetMembers } from '../../policy/index.ts';
import type { DesiredPolicy, DesiredSet } from '../desired/index.ts';

/** An `Enforcement` as collections that say what has changed since the last one. */
export class EnforcementChanges {
  readonly #endpoints = new EntriesWriter<EnforcedEndpoint>(same);
  readonly #classes = new EntriesWriter<EndpointClass>(same);
  readonly #policies = new EntriesWriter<Policy>(Object.is);
  readonly #profiles = new EntriesWriter<Profile>(same);
  readonly #sets = new EntriesWriter<DesiredSet>(Object.is);
  readonly #members = new Map<string, SetWriter>();

  run(enforcement: Enforcement): Omit<DesiredPolicy, 'problems'> {
    const { sets } = enforcement;
    for (const key of this.#members.keys()) if (!sets.has(key)) this.#members.delete(key);
    const wanted = [...sets].map(([key, members]): [string, DesiredSet] => {
      const known = this.#members.get(key);
      const writer = known?.of === members.of ? known : new SetWriter(members.of);
      this.#members.set(key, writer);
      return [key, writer.run(members)];
    });
    const profiles = [...enforcement.profiles].filter((entry): entry is [string, Profile] => entry[1] !== undefined);
    return {
      endpoints: written(this.#endpoints, enforcement.endpoints),
      classes: written(this.#classes, enforcement.classes),
      policies: written(this.#policies, enforcement.policies),
      profiles: written(this.#profiles, profiles),
      sets: written(this.#sets, wanted),
    };
  }
}

class SetWriter {
  readonly of: DesiredSet['of'];
  readonly #members = new EntriesWriter<Family>(Object.is);
  readonly #nets = new EntriesWriter<Family>(Object.is);
  #set: DesiredSet | undefined;

  constructor(of: DesiredSet['of']) {
    this.of = of;
  }

  run({ of, addresses, nets, ports }: SetMembers): DesiredSet {
    const members = written(this.#members, [
      ...addresses.map((address): [string, Family] => [formatAddress(address), address.family]),
      ...ports.map(({ address, protocol, port }): [string, Family] => [
        `${formatAddress(address)} . ${protocol} . ${port}`,
        address.family,
      ]),
    ]);
    const wide = written(
      this.#nets,
      nets.map((net): [string, Family] => [formatPrefix(net), net.family]),
    );
    if (this.#set?.members !== members || this.#set.nets !== wide) this.#set = { of, members, nets: wide };
    return this.#set;
  }
}

/** The collection with just these entries. */
function written<V>(writer: EntriesWriter<V>, entries: Iterable<readonly [string, V]>): Entries<V> {
  const wanted = new Map(entries);
  for (const key of [...writer.keys()]) if (!wanted.has(key)) writer.set(key, undefined);
  for (const [key, value] of wanted) writer.set(key, value);
  return writer.commit();
}
