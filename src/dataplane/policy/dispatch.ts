import type { PolicySettings } from '../../calc/desired/index.ts';
import type { NamedMap } from '../../nftables/index.ts';
import type { EnforcedEndpoint } from '../../policy/index.ts';
import { type Contents, FORWARD } from '../filter/index.ts';
import { dropChain } from './drop.ts';
import type { HostForward } from './host-forward.ts';
import { classChain } from './names.ts';

const FROM_PODS: NamedMap = { name: 'from-pods', type: 'ifname', value: 'verdict' };
const TO_PODS: NamedMap = { name: 'to-pods', type: 'ifname', value: 'verdict' };

const invalid = dropChain('invalid packet');
const unknownFrom = dropChain('from an interface without endpoint');
const unknownTo = dropChain('to an interface without endpoint');

/** What policies and classes lead to, and what the hook asks before them. */
export function renderEnds(podPrefix: string, { out, broken, declared }: HostForward): Contents {
  const pods = `"${podPrefix}*"`;
  const drop = `goto ${invalid[0].name}`;
  return {
    sets: declared.sets ?? [],
    maps: [[FROM_PODS, []], [TO_PODS, []], ...(declared.maps ?? [])],
    chains: [
      invalid,
      unknownFrom,
      unknownTo,
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
          { expression: `oifname ${pods} goto ${unknownTo[0].name}`, why: 'no endpoint is behind it' },
          ...out,
          { expression: 'accept', why: 'it leaves to no pod' },
        ],
      ],
    ],
  };
}

/** Which classes a pod is of: an element of either map. */
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
          ...first,
          { expression: states, why: 'policy judges first packets' },
          { expression: `iifname vmap @${FROM_PODS.name}`, why: 'policy of the pod that it comes from' },
          { expression: `iifname "${podPrefix}*" goto ${unknownFrom[0].name}`, why: 'no endpoint is behind it' },
          ...fromHosts,
          { expression: 'goto egress-ok', why: 'it comes from no pod' },
        ],
      ],
    ],
  };
}
