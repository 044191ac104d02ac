import { type Entries, same } from '../../base/index.ts';
import {
  asksPods,
  classKey,
  type Direction,
  type Endpoint,
  type EndpointClass,
  type EnforcedEndpoint,
  policyKey,
  type Tier,
  type TierOfEndpoint,
} from '../../policy/index.ts';
import type { DesiredPolicy } from '../desired/index.ts';
import { AskedPolicies } from './asked.ts';
import { ClassTable } from './class-table.ts';
import { Ground, type GroundInputs, HOST } from './ground.ts';
import { EnforcedHosts, type HostFailsafes } from './hosts.ts';
import { Inheritance } from './inheritance.ts';
import { ByInterface, type LocalEndpoint } from './local.ts';
import type { PolicyRead, ProfileRead } from './parts.ts';
import { Subjects } from './subjects.ts';

export interface EnforcingInputs extends GroundInputs {
  readonly tiers: Entries<Tier>;
  readonly policies: Entries<PolicyRead>;
  readonly profiles: Entries<ProfileRead>;
  readonly local: Entries<LocalEndpoint>;
  readonly failsafes: HostFailsafes;
  readonly endpointToHost: NonNullable<DesiredPolicy['endpointToHost']>;
}

type Sections = Omit<DesiredPolicy, 'problems' | 'settings'>;

/**
 * The answers of `enforcementOf` and `hostEnforcementOf` about the whole world, kept up by its changes.
 *
 *     labels ─► subjects ─► endpoints ─► classes ─► policies, profiles ─► sets ◄─ ground ◄─ labels, addresses
 */
export class Enforcing {
  readonly #nodename: string;
  readonly #inheritance = new Inheritance();
  readonly #ground = new Ground(this.#inheritance);
  readonly #subjects = new Subjects();
  readonly #endpoints = new ByInterface<EnforcedEndpoint>(same);
  readonly #classes = new ClassTable<EndpointClass>();
  readonly #asked = new AskedPolicies('pods', this.#ground.sets);
  readonly #hosts = new EnforcedHosts(new AskedPolicies('hosts', this.#ground.sets));
  #seen: EnforcingInputs | undefined;

  constructor(nodename: string) {
    this.#nodename = nodename;
  }

  run(inputs: EnforcingInputs): Sections {
    const profiles = this.#inheritance.run(inputs.profiles);
    const relabeled = [...profiles].flatMap(([name, { relabels }]) => (relabels ? [name] : []));
    this.#ground.run(inputs, relabeled);
    const { endpoints, policies } = this.#subjects.run(inputs.tiers, inputs.policies);
    for (const [key, now, before] of inputs.local.since(this.#seen?.local)) {
      const moves = now?.interfaceName !== before?.interfaceName;
      if (this.#relabel(key, now?.endpoint, before?.endpoint) || moves) endpoints.add(key);
    }
    for (const [key, now, before] of inputs.hosts.since(this.#seen?.hosts)) {
      const [here, was] = [now, before].map((one) => (one?.node === this.#nodename ? one : undefined));
      this.#relabel(`${HOST}${key}`, here, was);
      if (here !== undefined || was !== undefined) endpoints.add(`${HOST}${key}`);
    }
    this.#seen = inputs;
    for (const name of relabeled) {
      for (const key of this.#inheritance.heirs(name)) {
        const endpoint = this.#endpoint(key);
        if (endpoint && this.#relabel(key, endpoint, endpoint)) endpoints.add(key);
      }
    }
    for (const key of endpoints) this.#classify(key);
    this.#classes.settle();
    const sources = { subjects: this.#subjects, inheritance: this.#inheritance, policies, profiles: profiles.keys() };
    const asked = this.#asked.run(this.#classes, sources);
    const hosts = this.#hosts.commit({ ...sources, profiles: profiles.keys() }, inputs.failsafes);
    return {
      endpoints: this.#endpoints.commit(),
      classes: this.#classes.commit(),
      ...asked,
      sets: this.#ground.sets.commit(),
      ...(hosts && { hosts }),
      endpointToHost: inputs.endpointToHost,
    };
  }

  /** Whether the endpoint may be asked something else since. */
  #relabel(key: string, now: Endpoint | undefined, before: Endpoint | undefined): boolean {
    const turns = this.#subjects.label(key, now && this.#inheritance.labelsOf(now));
    return turns || !same(now?.profiles, before?.profiles);
  }

  /** One of this node. */
  #endpoint(key: string): Endpoint | undefined {
    if (!key.startsWith(HOST)) return this.#seen?.local.get(key)?.endpoint;
    const host = this.#seen?.hosts.get(key.slice(HOST.length));
    return host?.node === this.#nodename ? host : undefined;
  }

  #classify(key: string): void {
    const endpoint = this.#endpoint(key);
    const tiers = endpoint === undefined ? [] : this.#subjects.tiersOf(key);
    if (key.startsWith(HOST)) {
      this.#hosts.put(key.slice(HOST.length), endpoint, tiers);
      return;
    }
    const local = this.#seen?.local.get(key);
    if (local === undefined) {
      this.#classes.put(key, []);
      this.#endpoints.remove(key);
      return;
    }
    const [egress, ingress] = (['egress', 'ingress'] as const).map((direction) =>
      classOf(direction, tiers, local.endpoint.profiles),
    );
    this.#classes.put(key, [egress, ingress]);
    this.#endpoints.put(key, local.interfaceName, { egress: egress[0], ingress: ingress[0] });
  }
}

function classOf(
  direction: Direction,
  selecting: readonly TierOfEndpoint[],
  profiles: readonly string[],
): readonly [key: string, made: EndpointClass] {
  const tiers = selecting.flatMap(({ tier, policies }) => {
    const about = policies.filter((policy) => asksPods(policy) && policy.rules[direction] !== undefined);
    return about.length === 0 ? [] : [{ tier, policies: about.map(policyKey) }];
  });
  const made: EndpointClass = { direction, tiers, profiles };
  return [classKey(made), made];
}
