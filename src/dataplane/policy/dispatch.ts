import type { Direction, Enforcement } from '../../policy/index.ts';
import { type Contents, FORWARD } from '../filter/index.ts';
import { dropChain } from './drop.ts';
import { classChain } from './names.ts';

type Chains = Contents['chains'];

const invalid = dropChain('invalid packet');
const unknownFrom = dropChain('from an interface without endpoint');
const unknownTo = dropChain('to an interface without endpoint');

/** What policies and classes lead to, and what the hook asks before them. */
export function renderEnds(podPrefix: string): Contents {
  const pods = `"${podPrefix}*"`;
  const either = (verdict: string, why: string): Chains[number][1] =>
    ['iifname', 'oifname'].map((name) => ({ expression: `${name} ${pods} ${verdict}`, why }));
  return {
    chains: [
      invalid,
      unknownFrom,
      unknownTo,
      [{ name: 'known' }, either('accept', 'its connection was judged')],
      [{ name: 'broken' }, either(`goto ${invalid[0].name}`, 'it belongs to no connection')],
      [
        { name: 'egress-ok' },
        [
          { expression: 'oifname vmap @to-pods', why: 'policy of the pod that it goes to' },
          { expression: `oifname ${pods} goto ${unknownTo[0].name}`, why: 'no endpoint is behind it' },
          { expression: 'accept', why: 'it leaves to no pod' },
        ],
      ],
    ],
  };
}

/** Which class each pod is of, and the hook. */
export function renderDispatch(endpoints: Enforcement['endpoints'], podPrefix: string): Contents {
  const entries = (direction: Direction, verb: 'jump' | 'goto') =>
    [...endpoints].map(([name, classes]) => ({
      key: name,
      value: `${verb} ${classChain(classes[direction])}`,
      why: `${direction} of ${name}`,
    }));
  const states = 'ct state vmap { established : jump known, related : jump known, invalid : jump broken }';
  return {
    maps: [
      [{ name: 'from-pods', type: 'ifname', value: 'verdict' }, entries('egress', 'jump')],
      [{ name: 'to-pods', type: 'ifname', value: 'verdict' }, entries('ingress', 'goto')],
    ],
    chains: [
      [
        FORWARD,
        [
          { expression: states, why: 'policy judges first packets' },
          { expression: 'iifname vmap @from-pods', why: 'policy of the pod that it comes from' },
          { expression: `iifname "${podPrefix}*" goto ${unknownFrom[0].name}`, why: 'no endpoint is behind it' },
          { expression: 'goto egress-ok', why: 'it comes from no pod' },
        ],
      ],
    ],
  };
}
