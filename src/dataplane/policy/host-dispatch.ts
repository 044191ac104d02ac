import type { NamedMap } from '../../nftables/index.ts';
import { type EnforcedHostEndpoint, type HostAsk, type HostInterfaces, LOOPBACK } from '../../policy/index.ts';
import type { Contents, ReasonedEntry, ReasonedRule } from '../filter/index.ts';
import { hostClassChain } from './names.ts';

/** By which interface a hook comes to which class. */
export interface HostDispatch {
  /** Undefined class: an interface that has an endpoint of its own which is asked nothing here. */
  readonly own: readonly (readonly [interfaceName: string, classKey: string | undefined])[];
  /** The class of all interfaces that have none of their own. */
  readonly others: string | undefined;
}

/** Undefined: nobody is asked anything there, and the hook is not needed. */
export function hostDispatch(
  ask: HostAsk,
  endpoints: { get(name: string): EnforcedHostEndpoint | undefined },
  interfaces: HostInterfaces,
): HostDispatch | undefined {
  const classOf = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : endpoints.get(name)?.classes[ask];
  const others = classOf(interfaces.others);
  const own = [...interfaces.own].map(([link, name]) => [link, classOf(name)] as const);
  const asked = others === undefined ? own.filter(([, key]) => key !== undefined) : own;
  return asked.length === 0 && others === undefined ? undefined : { own: asked, others };
}

/** The keys of all classes that hooks lead to. */
export function classesOf(dispatches: Readonly<Record<string, HostDispatch>>): ReadonlySet<string | undefined> {
  return new Set(Object.values(dispatches).flatMap(({ own, others }) => [...own.map(([, key]) => key), others]));
}

/** A map from interface to class and the rules that look into it, for one hook and direction. */
export interface DispatchWords {
  readonly map: string;
  readonly field: 'iifname' | 'oifname';
  /** How packets of interfaces go on that are asked nothing. */
  readonly otherwise: string;
  /** Interfaces that an endpoint of all interfaces is not for. */
  readonly except: readonly string[];
  /** The chain of a class; absent: `hostClassChain`. */
  readonly chainOf?: (classKey: string) => string;
}

export function mapOf({ map }: DispatchWords): NamedMap {
  return { name: map, type: 'ifname', value: 'verdict' };
}

export function dispatchEntries(
  { own }: HostDispatch,
  { otherwise, chainOf = hostClassChain }: DispatchWords,
): readonly ReasonedEntry[] {
  return own.map(([link, key]) => ({
    key: link,
    value: key === undefined ? otherwise : `goto ${chainOf(key)}`,
    why: key === undefined ? `host endpoint of ${link} is asked nothing` : `host endpoint of ${link}`,
  }));
}

export function dispatchRules(dispatch: HostDispatch, words: DispatchWords): readonly ReasonedRule[] {
  const { chainOf = hostClassChain } = words;
  return [
    ...(dispatch.own.length === 0
      ? []
      : [{ expression: `${words.field} vmap @${words.map}`, why: 'host endpoint of the interface' }]),
    ...(dispatch.others === undefined
      ? []
      : [{ expression: `${exceptions(words)}goto ${chainOf(dispatch.others)}`, why: OTHERS }]),
  ];
}

export const OTHERS = 'host endpoint of all interfaces';

/** The map with its entries, where there are any. */
export function dispatchMaps(dispatch: HostDispatch, words: DispatchWords): NonNullable<Contents['maps']> {
  return dispatch.own.length === 0 ? [] : [[mapOf(words), dispatchEntries(dispatch, words)]];
}

function exceptions({ field, except }: DispatchWords): string {
  return except.map((name) => `${field} != "${name}" `).join('');
}

/** The interfaces that an endpoint of all interfaces leaves out: the loopback, and those of pods. */
export function notHostInterfaces(podPrefix: string): readonly string[] {
  return [LOOPBACK, `${podPrefix}*`];
}
