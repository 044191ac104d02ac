import type { PolicySettings } from '../../calc/desired/index.ts';
import type { Policy, Profile } from '../../policy/index.ts';

/** The kernel takes 127 characters. */
const LONGEST = 127;
const END = ': ';

const SHORT_KINDS: Readonly<Record<string, string>> = {
  GlobalNetworkPolicy: 'gnp',
  NetworkPolicy: 'np',
  KubernetesNetworkPolicy: 'knp',
  KubernetesClusterNetworkPolicy: 'kcnp',
  KubernetesAdminNetworkPolicy: 'kanp',
  KubernetesBaselineAdminNetworkPolicy: 'kbanp',
};

/** The statement of a rule with the action Log, before the next is asked. */
export function logStatement(of: Policy | Profile, { logPrefix, logRate, logBurst }: PolicySettings): string {
  const burst = logBurst > 0 ? ` burst ${logBurst} packets` : '';
  const limit = logRate === '' ? '' : `limit rate ${logRate}${burst} `;
  const prefix = logPrefix.replace(/%[tknp]/g, (word) => wordsOf(of)[word] ?? word);
  return `${limit}log prefix "${prefix.slice(0, LONGEST - END.length)}${END}" level info`;
}

function wordsOf(of: Policy | Profile): Readonly<Record<string, string>> {
  if (!('id' in of)) return { '%t': '', '%k': 'pro', '%n': of.name, '%p': of.name };
  const { kind, namespace, name } = of.id;
  const full = namespace === undefined ? name : `${namespace}/${name}`;
  return { '%t': of.tier, '%k': SHORT_KINDS[kind] ?? 'unknown', '%n': name, '%p': full };
}
