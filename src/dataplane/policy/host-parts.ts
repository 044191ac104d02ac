import { Entries, type Family, same } from '../../base/index.ts';
import type { DesiredPolicy, PolicySettings } from '../../calc/desired/index.ts';
import {
  type Direction,
  HOST_ASKS,
  type HostClass,
  type HostInterfaceProblem,
  hostInterfaces,
  type Policy,
  type Profile,
  type Rule,
  referencesOfRules,
  setKey,
} from '../../policy/index.ts';
import type { FilterPart } from '../filter/index.ts';
import { dropPart } from './drop.ts';
import { askOf, renderHostClass } from './host-class.ts';
import { classesOf, hostDispatch } from './host-dispatch.ts';
import { failsafeChain, renderFailsafes } from './host-failsafe.ts';
import { type HostForward, hostForward, NO_HOSTS } from './host-forward.ts';
import {
  type Dispatches,
  failsafeAsks,
  renderHostHooks,
  renderInput,
  renderNodes,
  type TunnelMatches,
} from './host-hooks.ts';
import { denialAt, type HostPlace, placesOf } from './host-place.ts';
import { renderHostPolicy, renderHostProfile } from './host-rules.ts';
import type { Sets } from './match.ts';
import { hostPolicyChain, hostProfileChain, setPartName } from './names.ts';
import { renderRefused } from './rules.ts';

const FAMILIES = [4, 6] as const;

/** As those of the pods' parts. */
const ORDER = { sets: 0, ends: 1, rules: 2, classes: 3, entries: 6, hooks: 7 } as const;

/** The facts about this node that host endpoints depend on. */
export interface HostSurroundings {
  /** Addresses of its interfaces, by their names. */
  readonly links: ReadonlyMap<string, readonly string[]>;
  /** By which tunnels between nodes are known; they are open whatever host endpoints say. */
  readonly tunnels: Readonly<Record<Family, TunnelMatches>>;
}

const NO_TUNNELS: TunnelMatches = { between: [], nodes: Entries.of<string>(), wireguard: undefined };
export const NO_SURROUNDINGS: HostSurroundings = { links: new Map(), tunnels: { 4: NO_TUNNELS, 6: NO_TUNNELS } };

type Put = (family: Family, name: string, part: FilterPart | undefined) => void;

/**
 * The rendering of a policy or profile: made anew only when it is another, or its sets have got or lost their networks.
 */
interface Made {
  readonly of: Policy | Profile;
  readonly nets: string;
  readonly part: FilterPart;
}

/**
 * The parts of the tables that host endpoints are. There are few of them on a node, so they are gone through whole when
 * one of them changes; what they are asked is rendered anew only where it differs.
 */
export class HostParts {
  readonly #podPrefix: string;
  readonly #settings: PolicySettings;
  readonly #put: Put;
  readonly #names: Readonly<Record<Family, Set<string>>> = { 4: new Set(), 6: new Set() };
  #made = new Map<string, Made>();
  #forward: HostForward = NO_HOSTS;
  #problems: readonly HostInterfaceProblem[] = [];

  /** `put` writes a part of the table of a family. */
  constructor(podPrefix: string, settings: PolicySettings, put: Put) {
    this.#settings = settings;
    this.#podPrefix = podPrefix;
    this.#put = put;
  }

  /** Its say in the hook that pods have. */
  get forward(): HostForward {
    return this.#forward;
  }

  /** Host endpoints that are on no interface, or not on all that they are for. */
  get problems(): readonly HostInterfaceProblem[] {
    return this.#problems;
  }

  update({ hosts, endpointToHost = 'Drop' }: DesiredPolicy, surroundings: HostSurroundings, sets: Sets): void {
    const interfaces = hostInterfaces(hosts?.endpoints ?? [], surroundings.links);
    this.#problems = interfaces.problems;
    const asked: Dispatches = Object.fromEntries(
      HOST_ASKS.flatMap((ask) => {
        const dispatch = hosts && hostDispatch(ask, hosts.endpoints, interfaces);
        return dispatch === undefined ? [] : [[ask, dispatch] as const];
      }),
    );
    const led = classesOf(asked);
    const forward = hostForward(asked, interfaces, this.#settings.marks);
    if (!same(forwardText(forward), forwardText(this.#forward))) this.#forward = forward;
    const made = new Map<string, Made>();
    for (const family of FAMILIES) {
      const parts = new Map<string, FilterPart>();
      const tunnels = surroundings.tunnels[family];
      const settings = this.#settings;
      const input = renderInput(family, { podPrefix: this.#podPrefix, endpointToHost, asked, tunnels, settings });
      parts.set('input', { order: ORDER.hooks, contents: input });
      if (hosts !== undefined) {
        for (const [key, one] of hosts.classes) {
          // One of an endpoint that is on no interface: no hook leads to it, and what it refers to may not be there.
          if (!led.has(key)) continue;
          for (const place of placesOf(askOf(one), settings)) {
            const what = place === askOf(one) ? `class ${key}` : `class ${key}, translated`;
            const { contents, drops } = renderHostClass(key, one, place, hosts, settings);
            parts.set(what, { what, order: ORDER.classes, contents });
            for (const why of drops) parts.set(`drop ${why}`, dropPart(why, denialAt(place, settings), ORDER.ends));
            for (const [what, ruled] of askedBy(one, place, hosts)) {
              if (!parts.has(what)) parts.set(what, this.#ruled(what, ruled, place, family, sets, made));
            }
          }
        }
        for (const ask of failsafeAsks(asked)) {
          const contents = renderFailsafes(ask, hosts.failsafes, family);
          parts.set(failsafeChain(ask), { order: ORDER.ends, contents });
        }
        parts.set('hosts forward', { order: ORDER.entries, contents: forward.entries });
        parts.set('hosts hooks', {
          order: ORDER.hooks,
          contents: renderHostHooks(family, asked, tunnels, this.#podPrefix, settings),
        });
        const nodes = renderNodes(family, tunnels);
        if (nodes !== undefined) parts.set('nodes', { order: ORDER.sets, contents: nodes });
      }
      this.#write(family, parts);
    }
    this.#made = made;
  }

  #ruled(
    what: string,
    ruled: Ruled,
    place: HostPlace,
    family: Family,
    sets: Sets,
    made: Map<string, Made>,
  ): FilterPart {
    const direction = place.endsWith('ingress') ? 'ingress' : 'egress';
    const keys = referencesOfRules(rulesOf(ruled, direction)).map(setKey);
    const nets = keys.map((key) => Number(sets.hasNets(key, family))).join('');
    const name = `${family} ${what}`;
    const former = this.#made.get(name);
    const [contents, chain] =
      ruled.kind === 'policy'
        ? ([renderHostPolicy, hostPolicyChain(ruled.is, place)] as const)
        : ([renderHostProfile, hostProfileChain(ruled.is, place)] as const);
    const part =
      former !== undefined && former.of === ruled.is && former.nets === nets
        ? former.part
        : {
            what,
            order: ORDER.rules,
            contents: contents(ruled.is as Policy & Profile, place, family, { sets, settings: this.#settings }),
            instead: renderRefused(chain, what),
            needs: keys.map(setPartName),
          };
    made.set(name, { of: ruled.is, nets, part });
    return part;
  }

  #write(family: Family, parts: ReadonlyMap<string, FilterPart>): void {
    const names = this.#names[family];
    for (const name of names) {
      if (parts.has(name)) continue;
      names.delete(name);
      this.#put(family, name, undefined);
    }
    for (const [name, part] of parts) {
      names.add(name);
      this.#put(family, name, part);
    }
  }
}

type Ruled = { readonly kind: 'policy'; readonly is: Policy } | { readonly kind: 'profile'; readonly is: Profile };

function rulesOf({ is }: Ruled, direction: Direction): readonly Rule[] {
  return is.rules[direction] ?? [];
}

function askedBy(
  one: HostClass,
  place: HostPlace,
  { policies, profiles }: NonNullable<DesiredPolicy['hosts']>,
): readonly (readonly [what: string, ruled: Ruled])[] {
  return [
    ...one.tiers
      .flatMap((tier) => tier.policies)
      .flatMap((key) => {
        const policy = policies.get(key);
        return policy === undefined ? [] : [[`host ${place} of ${key}`, { kind: 'policy', is: policy }] as const];
      }),
    ...one.profiles.flatMap((name) => {
      const profile = profiles.get(name);
      return profile === undefined || profile.rules[one.direction].length === 0
        ? []
        : [[`host ${place} of profile ${name}`, { kind: 'profile', is: profile }] as const];
    }),
  ];
}

/** All that it says, for comparison. */
function forwardText({ first, in: into, out, broken, declared, entries }: HostForward): unknown {
  return { first, into, out, broken: broken(''), declared, entries };
}
