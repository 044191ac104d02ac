import type { PolicyMarks } from '../../calc/desired/index.ts';
import type { NamedSet } from '../../nftables/index.ts';
import type { HostInterfaces } from '../../policy/index.ts';
import type { Contents, ReasonedRule } from '../filter/index.ts';
import {
  type DispatchWords,
  dispatchEntries,
  dispatchRules,
  type HostDispatch,
  mapOf,
  OTHERS,
} from './host-dispatch.ts';
import { type Dispatches, isMarkUsed } from './host-hooks.ts';
import { clearMark, isMarked } from './mark.ts';
import { hostClassChain } from './names.ts';

/** The say of host endpoints in packets that pass through, for the chains that pods have in the forward hook. */
export interface HostForward {
  /** In front of everything. */
  readonly first: readonly ReasonedRule[];
  /** Where it is known that a packet comes from no pod. */
  readonly in: readonly ReasonedRule[];
  /** Where it is known that it goes to none. */
  readonly out: readonly ReasonedRule[];
  /** Where it belongs to no connection; `drop` is the statement. */
  readonly broken: (drop: string) => readonly ReasonedRule[];
  /** The sets that these rules look into, with nothing in them yet. */
  readonly declared: Pick<Contents, 'sets' | 'maps' | 'chains'>;
  /** The elements of the sets. */
  readonly entries: Contents;
}

const IN: DispatchWords = { map: 'forward-from-hosts', field: 'iifname', otherwise: 'goto egress-ok', except: [] };
const OUT: DispatchWords = { map: 'forward-to-hosts', field: 'oifname', otherwise: 'accept', except: [] };
const LINKS: NamedSet = { name: 'host-interfaces', type: 'ifname' };
const TO_OTHERS = 'forward-to-others';

export const NO_HOSTS: HostForward = {
  first: [],
  in: [],
  out: [],
  broken: () => [],
  declared: { chains: [] },
  entries: { chains: [] },
};

export function hostForward(asked: Dispatches, interfaces: HostInterfaces, marks: PolicyMarks): HostForward {
  const [into, out] = [asked['forward ingress'], asked['forward egress']];
  const links = [...interfaces.own.keys()];
  const isAll = interfaces.others !== undefined;
  const maps = [into && ([IN, into] as const), out && ([OUT, out] as const)].flatMap((one) =>
    one === undefined || one[1].own.length === 0 ? [] : [one],
  );
  return {
    first: isMarkUsed(asked)
      ? [{ expression: `${isMarked(marks.accept)} goto egress-ok`, why: 'its interface’s policy accepted it before' }]
      : [],
    in: into === undefined ? [] : dispatchRules(into, IN),
    out: out === undefined ? [] : outRules(out, marks),
    broken: (drop) => {
      if (isAll) return [{ expression: drop, why: 'it belongs to no connection' }];
      if (links.length === 0) return [];
      return ['iifname', 'oifname'].map((field) => ({
        expression: `${field} @${LINKS.name} ${drop}`,
        why: 'it belongs to no connection',
      }));
    },
    declared: {
      sets: isAll || links.length === 0 ? [] : [[LINKS, []]],
      maps: maps.map(([words]) => [mapOf(words), []]),
      chains: out?.others === undefined ? [] : [[{ name: TO_OTHERS }, []]],
    },
    entries: {
      sets: isAll || links.length === 0 ? [] : [[LINKS, links]],
      maps: maps.map(([words, dispatch]) => [mapOf(words), dispatchEntries(dispatch, words)]),
      chains:
        out?.others === undefined
          ? []
          : [[{ name: TO_OTHERS }, [{ expression: `goto ${hostClassChain(out.others)}`, why: OTHERS }]]],
    },
  };
}

/** Classes come after the chain that these stand in: what leads to them is filled in later. */
function outRules({ own, others }: HostDispatch, { local }: PolicyMarks): readonly ReasonedRule[] {
  return [
    { expression: `${isMarked(local)} ${clearMark(local)} accept`, why: 'it is for this host itself' },
    ...(own.length === 0
      ? []
      : [{ expression: `${OUT.field} vmap @${OUT.map}`, why: 'host endpoint of the interface' }]),
    ...(others === undefined ? [] : [{ expression: `goto ${TO_OTHERS}`, why: OTHERS }]),
  ];
}
