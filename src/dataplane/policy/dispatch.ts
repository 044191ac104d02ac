import type { PolicySettings } from '../../calc/desired/index.ts';
import type { NamedMap } from '../../nftables/index.ts';
import type { EnforcedEndpoint } from '../../policy/index.ts';
import { type Contents, FORWARD } from '../filter/index.ts';
import { denialOf, INVALID, UNKNOWN_FROM, UNKNOWN_TO } from './denial.ts';
import { dropChain, dropName } from './drop.ts';
import type { HostForward } from './host-forward.ts';
import { classChain } from './names.ts';

const FROM_PODS: NamedMap = { name: 'from-pods', type: 'ifname', value: 'verdict' };
const TO_PODS: NamedMap = { name: 'to-pods', type: 'ifname', value: 'verdict' };

/** Renders the targets of policies and classes, and the checks of the hook before them. */
export function renderEnds(
  podPrefix: string,
  { out, broken, declared }: HostForward,
  settings: Pick<PolicySettings, 'rejects'>,
): Contents {
  const pods = `"${podPrefix}*"`;
  const drop = `goto ${dropName(INVALID)}`;
  const denial = denialOf(settings);
  return {
    sets: declared.sets ?? [],
    maps: [[FROM_PODS, []], [TO_PODS, []], ...(declared.maps ?? [])],
    chains: [
      ...[INVALID, UNKNOWN_FROM, UNKNOWN_TO].map((why) => dropChain(why, denial)),
      ...declared.chains,
      [
        { name: 'broken' },
        [
          ...['iifname', 'oifname'].map((field) => ({
            expression: `${field} ${pods} ${drop}`,
            why: 'it belongs to no connection',
          })),
          ...broken(drop),
        ],
      ],
      [
        { name: 'egress-ok' },
        [
          { expression: `oifname vmap @${TO_PODS.name}`, why: 'policy of the pod that it goes to' },
          { expression: `oifname ${pods} goto ${dropName(UNKNOWN_TO)}`, why: 'no endpoint is behind it' },
          ...out,
          { expression: 'accept', why: 'it leaves to no pod' },
        ],
      ],
    ],
  };
}

/** The classes of a pod: an element of either map. */
export function renderEndpoint(interfaceName: string, { egress, ingress }: EnforcedEndpoint): Contents {
  const entry = (verb: 'jump' | 'goto', key: string, why: string) => [
    { key: interfaceName, value: `${verb} ${classChain(key)}`, why: `${why} of ${interfaceName}` },
  ];
  return {
    maps: [
      [FROM_PODS, entry('jump', egress, 'egress')],
      [TO_PODS, entry('goto', ingress, 'ingress')],
    ],
    chains: [],
  };
}

/** The hook, by which packets come here. */
export function renderDispatch(
  podPrefix: string,
  { first, in: fromHosts }: HostForward,
  { dropsInvalid }: Pick<PolicySettings, 'dropsInvalid'>,
): Contents {
  const states = `ct state vmap { established : accept, related : accept${dropsInvalid ? ', invalid : jump broken' : ''} }`;
  return {
    chains: [
      [
        FORWARD,
        [
          { expression: states, why: 'policy judges first packets' },
          ...first,
          { expression: `iifname vmap @${FROM_PODS.name}`, why: 'policy of the pod that it comes from' },
          { expression: `iifname "${podPrefix}*" goto ${dropName(UNKNOWN_FROM)}`, why: 'no endpoint is behind it' },
          ...fromHosts,
          { expression: 'goto egress-ok', why: 'it comes from no pod' },
        ],
      ],
    ],
  };
}
