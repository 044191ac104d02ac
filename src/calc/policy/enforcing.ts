import { type Entries, same } from '../../base/index.ts';
import {
  asksPods,
  classKey,
  type Direction,
  type EndpointClass,
  type EnforcedEndpoint,
  policyKey,
  type Tier,
} from '../../policy/index.ts';
import type { DesiredPolicy } from '../desired/index.ts';
import { Asked } from './asked.ts';
import { ClassTable } from './class-table.ts';
import { Ground, type GroundInputs } from './ground.ts';
import { Inheritance } from './inheritance.ts';
import { ByInterface, type LocalEndpoint } from './local.ts';
import type { PolicyRead, ProfileRead } from './parts.ts';
import { Subjects } from './subjects.ts';

export interface EnforcingInputs extends GroundInputs {
  readonly tiers: Entries<Tier>;
  readonly policies: Entries<PolicyRead>;
  readonly profiles: Entries<ProfileRead>;
  readonly local: Entries<LocalEndpoint>;
}

type Sections = Pick<DesiredPolicy, 'endpoints' | 'classes' | 'policies' | 'profiles' | 'sets'>;

/**
 * What `enforcementOf` says of the whole world, kept by what changes in it.
 *
 *     labels ─► subjects ─► endpoints ─► classes ─► policies, profiles ─► sets ◄─ ground ◄─ labels, addresses
 */
export class Enforcing {
  readonly #inheritance = new Inheritance();
  readonly #ground = new Ground(this.#inheritance);
  readonly #subjects = new Subjects();
  readonly #endpoints = new ByInterface<EnforcedEndpoint>(same);
  readonly #classes = new ClassTable<EndpointClass>();
  readonly #asked = new Asked('pods', this.#ground.sets);
  #local: Entries<LocalEndpoint> | undefined;

  run(inputs: EnforcingInputs): Sections {
    const profiles = this.#inheritance.run(inputs.profiles);
    const relabeled = [...profiles].flatMap(([name, { relabels }]) => (relabels ? [name] : []));
    this.#ground.run(inputs, relabeled);
    const changed = this.#subjects.run(inputs.tiers, inputs.policies);
    const { endpoints } = changed;
    for (const [key, now, before] of inputs.local.since(this.#local)) {
      const turns = this.#subjects.label(key, now && this.#inheritance.labelsOf(now.endpoint));
      const moves = now?.interfaceName !== before?.interfaceName;
      if (turns || moves || !same(now?.endpoint.profiles, before?.endpoint.profiles)) endpoints.add(key);
    }
    this.#local = inputs.local;
    for (const name of relabeled) {
      for (const key of this.#inheritance.heirs(name)) {
        const endpoint = inputs.local.get(key)?.endpoint;
        if (endpoint && this.#subjects.label(key, this.#inheritance.labelsOf(endpoint))) endpoints.add(key);
      }
    }
    for (const key of endpoints) this.#classify(key, inputs.local.get(key));
    this.#classes.settle();
    return {
      endpoints: this.#endpoints.commit(),
      classes: this.#classes.commit(),
      policies: this.#asked.policies(this.#classes.policies, changed.policies, this.#subjects),
      profiles: this.#asked.profiles(this.#classes.profiles, profiles.keys(), this.#inheritance),
      sets: this.#ground.sets.commit(),
    };
  }

  #classify(key: string, local: LocalEndpoint | undefined): void {
    if (local === undefined) {
      this.#classes.put(key, []);
      this.#endpoints.remove(key);
      return;
    }
    const [egress, ingress] = (['egress', 'ingress'] as const).map((direction) =>
      this.#classOf(key, direction, local.endpoint.profiles),
    );
    this.#classes.put(key, [egress, ingress]);
    this.#endpoints.put(key, local.interfaceName, { egress: egress[0], ingress: ingress[0] });
  }

  #classOf(key: string, direction: Direction, profiles: readonly string[]): readonly [string, EndpointClass] {
    const tiers = this.#subjects.tiersOf(key).flatMap(({ tier, policies }) => {
      const about = policies.filter((policy) => asksPods(policy) && policy.rules[direction] !== undefined);
      return about.length === 0 ? [] : [{ tier, policies: about.map(policyKey) }];
    });
    const made: EndpointClass = { direction, tiers, profiles };
    return [classKey(made), made];
  }
}
