import type { Entries, Family } from '../../base/index.ts';
import type { DesiredPolicy, PolicyMarks, PolicySettings } from '../../calc/desired/index.ts';
import type { Chain } from '../../nftables/index.ts';
import { HOST_ASKS, type HostAsk } from '../../policy/index.ts';
import { addresses, type Contents, type ReasonedRule, wordOf } from '../filter/index.ts';
import { INVALID, UNKNOWN_FROM } from './denial.ts';
import { dropChain, dropName, type NamedChain } from './drop.ts';
import {
  type DispatchWords,
  dispatchMaps,
  dispatchRules,
  type HostDispatch,
  notHostInterfaces,
} from './host-dispatch.ts';
import { clearMark, isMarked, isUnmarked, setMark } from './mark.ts';
import { translatedClassChain } from './names.ts';

/**
 * The hooks by which packets of the host's own come by, each only while somebody is asked there:
 *
 *     prerouting ─► before tracking ─► before DNAT ─► input           what comes to the host
 *     output ─► before tracking ─► filter ─► postrouting              what it sends; what is translated on its way is
 *                                                                     asked after it was, by its last address
 */

const UNTRACKED_IN = base('untracked-in', 'prerouting', -300);
const UNTRACKED_OUT = base('untracked-out', 'output', -300);
const BEFORE_DNAT = base('before-dnat', 'prerouting', -150);
const INPUT = base('input', 'input', 0);
const OUTPUT = base('output', 'output', 0);
const TRANSLATED_OUT = base('translated-out', 'postrouting', -150);

function base(name: string, hook: NonNullable<Chain['base']>['hook'], priority: number): Chain {
  return { name, base: { type: 'filter', hook, priority } };
}

/** The endpoints that each hook asks. Absent: none, and there is no hook. */
export type Dispatches = { readonly [Where in HostAsk]?: HostDispatch };

/** By which packets of tunnels between nodes are known. */
export interface TunnelMatches {
  /** Those that are known by their ends: both must be nodes. */
  readonly between: readonly string[];
  /** The nodes. */
  readonly nodes: Entries<string>;
  /** Where WireGuard listens. */
  readonly wireguard: number | undefined;
}

/** Whether a packet may have been accepted before the filter. */
export function isMarkUsed(asked: Dispatches): boolean {
  return asked['untracked ingress'] !== undefined || asked['pre-dnat ingress'] !== undefined;
}

const JUDGED: ReasonedRule = {
  expression: 'ct state vmap { established : accept, related : accept }',
  why: 'policy judges first packets',
};

function accepted({ accept }: PolicyMarks): ReasonedRule {
  return { expression: `${isMarked(accept)} accept`, why: 'it was accepted before' };
}

function unmarked({ accept }: PolicyMarks): ReasonedRule {
  return { expression: clearMark(accept), why: 'nobody else’s mark accepts anything' };
}

/** Words by which each hook looks for the class. Forwarding has its own place (`host-forward.ts`). */
const WORDS = {
  'untracked ingress': { map: 'untracked-from-hosts', field: 'iifname' },
  'untracked egress': { map: 'untracked-to-hosts', field: 'oifname' },
  'pre-dnat ingress': { map: 'dnat-from-hosts', field: 'iifname' },
  'normal ingress': { map: 'from-hosts', field: 'iifname' },
  'normal egress': { map: 'to-hosts', field: 'oifname' },
} as const satisfies { readonly [Where in HostAsk]?: Pick<DispatchWords, 'map' | 'field'> };

/** Where chains in `output` reject, those in postrouting are others. */
const TRANSLATED = { map: 'translated-to-hosts', field: 'oifname', chainOf: translatedClassChain } as const;

/** The chains of all hooks but `input`, which pods need too. */
export function renderHostHooks(
  family: Family,
  asked: Dispatches,
  tunnels: TunnelMatches,
  podPrefix: string,
  { rejects, marks }: Pick<PolicySettings, 'rejects' | 'marks'>,
): Contents {
  const except = notHostInterfaces(podPrefix);
  const chains: NamedChain[] = [];
  const maps: NonNullable<Contents['maps']>[number][] = [];
  const lines = (ask: keyof typeof WORDS, dispatch: HostDispatch): readonly ReasonedRule[] => {
    const words: DispatchWords = { ...WORDS[ask], otherwise: 'accept', except };
    maps.push(...dispatchMaps(dispatch, words));
    return dispatchRules(dispatch, words);
  };
  const of = (ask: keyof typeof WORDS, chain: Chain, before: readonly ReasonedRule[]): void => {
    const dispatch = asked[ask];
    if (dispatch !== undefined) chains.push([chain, [...before, ...lines(ask, dispatch)]]);
  };
  of('untracked ingress', UNTRACKED_IN, [unmarked(marks)]);
  of('untracked egress', UNTRACKED_OUT, [unmarked(marks)]);
  of('pre-dnat ingress', BEFORE_DNAT, [
    asked['untracked ingress'] === undefined ? unmarked(marks) : accepted(marks),
    JUDGED,
  ]);
  const toPods: ReasonedRule = { expression: `oifname "${podPrefix}*" accept`, why: 'the host reaches its pods' };
  of('normal egress', OUTPUT, [
    ...(asked['untracked egress'] === undefined ? [] : [accepted(marks)]),
    JUDGED,
    toPods,
    { expression: `ct status dnat ${setMark(marks.local)} accept`, why: 'translated: asked when its way is known' },
    ...ownTunnels(family, tunnels, 'out'),
  ]);
  const out = asked['normal egress'];
  if (out !== undefined) {
    const words: DispatchWords = { ...(rejects ? TRANSLATED : WORDS['normal egress']), otherwise: 'accept', except };
    if (rejects) maps.push(...dispatchMaps(out, words));
    chains.push([
      TRANSLATED_OUT,
      [
        { expression: `${isUnmarked(marks.local)} accept`, why: 'asked before' },
        { expression: clearMark(marks.local), why: 'the mark has led it here' },
        toPods,
        ...dispatchRules(out, words),
      ],
    ]);
  }
  return { maps, chains };
}

const NODES = 'nodes';

function ownTunnels(family: Family, { between, wireguard }: TunnelMatches, way: 'in' | 'out'): readonly ReasonedRule[] {
  const far = `${wordOf(family)} ${way === 'in' ? 'saddr' : 'daddr'} @${NODES}`;
  const matches = [
    ...between.map((match) => `${match} ${far}`),
    ...(wireguard === undefined ? [] : [`udp ${way === 'in' ? 'dport' : 'sport'} ${wireguard}`]),
  ];
  return matches.map((match) => ({ expression: `${match} accept`, why: 'a tunnel between nodes' }));
}

/** The set of nodes, where tunnels are known by it. */
export function renderNodes(family: Family, { between, nodes }: TunnelMatches): Contents | undefined {
  return between.length === 0 ? undefined : { sets: [[addresses(family, NODES), nodes]], chains: [] };
}

/** The inputs of the input hook. */
export interface InputHook {
  readonly podPrefix: string;
  readonly endpointToHost: NonNullable<DesiredPolicy['endpointToHost']>;
  readonly asked: Dispatches;
  readonly tunnels: TunnelMatches;
  readonly settings: Pick<PolicySettings, 'dropsInvalid' | 'marks'>;
}

/** Packets dropped by the setting `Drop` are never rejected, as with Calico. */
const endpointToHost = dropChain('from a pod to its host', 'drop');

/**
 * Renders the hook for packets to the host itself: from pods as the setting says, whoever else is asked; from elsewhere
 * by host endpoints.
 */
export function renderInput(family: Family, hook: InputHook): Contents {
  const { podPrefix, asked, tunnels } = hook;
  const dispatch = asked['normal ingress'];
  const words: DispatchWords = {
    ...WORDS['normal ingress'],
    otherwise: 'accept',
    except: notHostInterfaces(podPrefix),
  };
  const isDropped = hook.endpointToHost === 'Drop';
  return {
    maps: dispatch === undefined ? [] : dispatchMaps(dispatch, words),
    chains: [
      ...(isDropped ? [endpointToHost] : []),
      [{ name: 'pods-to-host' }, fromPods(family, hook, isDropped)],
      [
        INPUT,
        [
          ...(isMarkUsed(asked) ? [accepted(hook.settings.marks)] : []),
          JUDGED,
          { expression: `iifname "${podPrefix}*" goto pods-to-host`, why: 'from a pod to its host' },
          ...(dispatch === undefined ? [] : [...ownTunnels(family, tunnels, 'in'), ...dispatchRules(dispatch, words)]),
        ],
      ],
    ],
  };
}

/**
 * The pod's own policy comes before any setting other than `Drop`. Foreign rules are asked afterwards in any case.
 */
function fromPods(
  family: Family,
  { podPrefix, asked, settings: { dropsInvalid, marks } }: InputHook,
  isDropped: boolean,
): readonly ReasonedRule[] {
  const needsMark = asked['forward egress'] !== undefined;
  const [invalid, unknown] = [INVALID, UNKNOWN_FROM].map(dropName);
  return [
    ...(family === 6
      ? [{ expression: 'icmpv6 type { 130, 131, 132, 133, 135, 136 } accept', why: 'neighbours find each other' }]
      : []),
    ...(dropsInvalid ? [{ expression: `ct state invalid goto ${invalid}`, why: 'it belongs to no connection' }] : []),
    ...(isDropped
      ? [{ expression: `goto ${endpointToHost[0].name}`, why: 'defaultEndpointToHostAction' }]
      : [
          ...(needsMark ? [{ expression: setMark(marks.local), why: 'it leaves by no interface' }] : []),
          { expression: 'iifname vmap @from-pods', why: 'policy of the pod that it comes from' },
          { expression: `iifname "${podPrefix}*" goto ${unknown}`, why: 'no endpoint is behind it' },
        ]),
  ];
}

/** Failsafe chains that these hooks lead to. */
export function failsafeAsks(asked: Dispatches): readonly HostAsk[] {
  return HOST_ASKS.filter((ask) => asked[ask] !== undefined && !ask.startsWith('forward'));
}
