import { type Entries, EntriesWriter, type Family, same } from '../../base/index.ts';
import type { DesiredPolicy, PolicySettings } from '../../calc/desired/index.ts';
import type { Direction, Policy, Profile, Rule } from '../../policy/index.ts';
import { referencesOfRules, setKey } from '../../policy/index.ts';
import type { FilterPart } from '../filter/index.ts';
import { renderClass } from './class.ts';
import { askedBy, filled, shape } from './class-grounds.ts';
import { denialOf } from './denial.ts';
import { renderDispatch, renderEndpoint, renderEnds } from './dispatch.ts';
import { dropPart } from './drop.ts';
import { HostParts, type HostSurroundings, NO_SURROUNDINGS } from './host-parts.ts';
import { policyChain, profileChain, setPartName } from './names.ts';
import { renderPolicy, renderProfile, renderRefused } from './rules.ts';
import { RenderedSet } from './set.ts';
import type { Stretches } from './stretch.ts';
import { StretchParts } from './stretch-parts.ts';
import { Users } from './users.ts';

const FAMILIES = [4, 6] as const;
const DIRECTIONS = ['ingress', 'egress'] as const;

/** Targets come before what leads to them; the hook comes when all else stands. */
const ORDER = { sets: 0, ends: 1, ingress: 2, egress: 5, endpoints: 8, hook: 9 } as const;
/** Behind the policies of a direction. */
const [STRETCH, CLASS] = [1, 2];

/** The name of the part by which packets come into the table. */
export const HOOK_PART = 'hook';

/** The name of the part that holds an endpoint's elements of the dispatch maps. */
export function endpointPart(interfaceName: string): string {
  return `endpoint ${interfaceName}`;
}

/** A policy or profile as far as its chains go. */
type Ruled = { readonly kind: 'policy'; readonly is: Policy } | { readonly kind: 'profile'; readonly is: Profile };

/**
 * The parts of the tables, kept by changes: a part for each thing that stands or falls by itself, so that a policy that
 * the kernel refuses leaves the others as they are. What a part's text depends on beside its own object is known by who
 * uses whom: rules ask whether a set has networks, classes whether a policy may pass and a profile is there.
 */
export class PolicyParts {
  readonly #writers: Readonly<Record<Family, EntriesWriter<FilterPart>>> = {
    4: new EntriesWriter<FilterPart>(same),
    6: new EntriesWriter<FilterPart>(same),
  };
  readonly #sets = new Map<string, RenderedSet>();
  /** Set → policies and profiles that look into it, as `policy …` and `profile …`. */
  readonly #lookers = new Users();
  /** The same → classes that ask it. */
  readonly #askers = new Users();
  /** Reason for a drop → classes that end in it. */
  readonly #droppers = new Users();
  readonly #stretches: StretchParts;
  readonly #sizes: Stretches;
  readonly #lookedInto = {
    hasNets: (set: string, family: Family) => this.#sets.get(set)?.hasNets(family) ?? false,
  };
  readonly settings: PolicySettings;
  readonly asked: readonly Family[];
  readonly #podPrefix: string;
  readonly #hosts: HostParts;
  #seen: DesiredPolicy | undefined;
  #surroundings: HostSurroundings | undefined;

  /** `asked`: the families in which anything but the hooks is asked for. */
  constructor(podPrefix: string, settings: PolicySettings, sizes: Stretches, asked: readonly Family[] = FAMILIES) {
    this.asked = asked;
    this.#sizes = sizes;
    this.settings = settings;
    this.#podPrefix = podPrefix;
    const put = (family: Family, name: string, part: FilterPart | undefined) => this.#writers[family].set(name, part);
    this.#hosts = new HostParts(podPrefix, settings, put);
    const order = { ingress: ORDER.ingress + STRETCH, egress: ORDER.egress + STRETCH };
    this.#stretches = new StretchParts(settings, asked, order, put);
  }

  of(family: Family): Entries<FilterPart> {
    return this.#writers[family].commit();
  }

  /** Host endpoints that are on no interface, or not on all that they are for. */
  get hostProblems(): HostParts['problems'] {
    return this.#hosts.problems;
  }

  /** Costs what differs from the last one, and what that is asked by. */
  update(desired: DesiredPolicy, surroundings: HostSurroundings = NO_SURROUNDINGS): void {
    const before = this.#seen;
    let isOtherSet = false;
    this.#seen = desired;
    const [ruled, classes] = [new Set<string>(), new Set<string>()];
    for (const [key, now, former] of desired.policies.since(before?.policies)) {
      ruled.add(`policy ${key}`);
      this.#lookers.put(
        `policy ${key}`,
        now === undefined ? [] : setsOf(DIRECTIONS.flatMap((way) => now.rules[way] ?? [])),
      );
      this.#stretches.changed(key);
      if (now === undefined || former === undefined || shape(now) !== shape(former))
        this.#ask(`policy ${key}`, classes);
    }
    for (const [name, now, former] of desired.profiles.since(before?.profiles)) {
      ruled.add(`profile ${name}`);
      this.#lookers.put(
        `profile ${name}`,
        now === undefined ? [] : setsOf(DIRECTIONS.flatMap((way) => now.rules[way])),
      );
      if (now === undefined || former === undefined || filled(now) !== filled(former))
        this.#ask(`profile ${name}`, classes);
    }
    for (const [key, now] of desired.sets.since(before?.sets)) {
      if (!this.#updateSet(key, now)) continue;
      isOtherSet = true;
      for (const user of this.#lookers.of(key)) ruled.add(user);
    }
    for (const [key, now] of desired.classes.since(before?.classes)) {
      classes.add(key);
      this.#askers.put(key, now === undefined ? [] : askedBy(now));
    }
    for (const name of ruled) this.#putRuled(name, desired);
    for (const key of classes) this.#putClass(key, desired);
    this.#stretches.write(desired.policies);
    for (const [name, now] of desired.endpoints.since(before?.endpoints)) {
      const what = `policy of ${name}`;
      this.#put(
        this.asked,
        endpointPart(name),
        now && { what, order: ORDER.endpoints, contents: renderEndpoint(name, now) },
      );
    }
    const isSame =
      before !== undefined && desired.hosts === before.hosts && desired.endpointToHost === before.endpointToHost;
    if (!isSame || surroundings !== this.#surroundings || isOtherSet) this.#putHosts(desired, surroundings);
  }

  #putHosts(desired: DesiredPolicy, surroundings: HostSurroundings): void {
    this.#surroundings = surroundings;
    this.#hosts.update(desired, surroundings, this.#lookedInto);
    const { forward } = this.#hosts;
    const ends = (settings: Pick<PolicySettings, 'rejects'>) => renderEnds(this.#podPrefix, forward, settings);
    this.#put(FAMILIES, 'ends', {
      ...{ order: ORDER.ends, contents: ends(this.settings) },
      ...(this.settings.rejects && { instead: ends({ rejects: false }) }),
    });
    this.#put(FAMILIES, HOOK_PART, {
      order: ORDER.hook,
      contents: renderDispatch(this.#podPrefix, forward, this.settings),
    });
  }

  #ask(asked: string, classes: Set<string>): void {
    for (const key of this.#askers.of(asked)) classes.add(key);
  }

  /** Whether rules that look into it say something else now. */
  #updateSet(key: string, now: Parameters<RenderedSet['update']>[0] | undefined): boolean {
    const part = setPartName(key);
    if (now === undefined) {
      this.#sets.delete(key);
      this.#put(this.asked, part, undefined);
      return false;
    }
    const set = this.#sets.get(key) ?? new RenderedSet(key, this.asked);
    const had = this.asked.map((family) => set.hasNets(family));
    set.update(now);
    this.#sets.set(key, set);
    for (const family of this.asked) {
      this.#writers[family].set(part, setPart(part, set, family, this.settings));
    }
    return this.asked.some((family, index) => set.hasNets(family) !== had[index]);
  }

  #putRuled(name: string, { policies, profiles }: DesiredPolicy): void {
    const key = name.slice(name.indexOf(' ') + 1);
    const [policy, profile] = name.startsWith('policy ')
      ? [policies.get(key), undefined]
      : [undefined, profiles.get(key)];
    const is: Ruled | undefined = policy ? { kind: 'policy', is: policy } : profile && { kind: 'profile', is: profile };
    for (const direction of DIRECTIONS) {
      const what = name.startsWith('policy ') ? `${direction} of ${key}` : `${direction} of profile ${key}`;
      const partOf = is && ruledPart(is, what, direction, { sets: this.#lookedInto, settings: this.settings });
      for (const family of this.asked) this.#writers[family].set(what, partOf?.(family));
    }
  }

  #putClass(key: string, desired: DesiredPolicy): void {
    const one = desired.classes.get(key);
    const what = `class ${key}`;
    const rendered = one && renderClass(key, one, desired, this.settings, this.#sizes);
    this.#stretches.asked(what, rendered?.stretches ?? []);
    this.#putDrops(what, rendered?.drops ?? []);
    this.#put(
      this.asked,
      what,
      one && rendered && { what, order: ORDER[one.direction] + CLASS, contents: rendered.contents },
    );
  }

  /** Classes share them, and their counters with them. */
  #putDrops(of: string, drops: readonly string[]): void {
    for (const why of this.#droppers.put(of, drops)) {
      const [name, isUsed] = [`drop ${why}`, this.#droppers.has(why)];
      // Its text is made of its name alone.
      if (isUsed && this.asked.every((family) => this.#writers[family].get(name) !== undefined)) continue;
      const part = isUsed ? dropPart(why, denialOf(this.settings), ORDER.ends) : undefined;
      this.#put(this.asked, name, part);
    }
  }

  #put(families: readonly Family[], name: string, part: FilterPart | undefined): void {
    for (const family of families) this.#writers[family].set(name, part);
  }
}

function setPart(what: string, set: RenderedSet, family: Family, { maxSetSize }: PolicySettings): FilterPart {
  const [size, contents] = [set.size(family), set.contents(family)];
  const part = { what, order: ORDER.sets, contents, isLarge: true } as const;
  if (size <= maxSetSize) return part;
  return { ...part, refusal: `it has ${size} entries, and maxIpsetSize of FelixConfiguration is ${maxSetSize}` };
}

/** Makes the part of rules in a family; what holds while it is refused is the same in both. */
function ruledPart(
  { kind, is }: Ruled,
  what: string,
  direction: Direction,
  by: Parameters<typeof renderPolicy>[3],
): ((family: Family) => FilterPart) | undefined {
  const rules = is.rules[direction];
  if (rules === undefined || (kind === 'profile' && rules.length === 0)) return undefined;
  const order = ORDER[direction];
  const instead = renderRefused(kind === 'policy' ? policyChain(is, direction) : profileChain(is, direction), what);
  const needs = setsOf(rules).map(setPartName);
  return (family) => {
    const contents =
      kind === 'policy' ? renderPolicy(is, direction, family, by) : renderProfile(is, direction, family, by);
    return { what, order, contents, instead, needs };
  };
}

function setsOf(rules: readonly Rule[]): readonly string[] {
  return referencesOfRules(rules).map(setKey);
}
