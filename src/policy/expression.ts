import type { Selector } from '../model/index.ts';

/** Selectors put together, and the labels by which endpoints know their namespace and service account. */

export const NAMESPACE_LABEL = 'projectcalico.org/namespace';
export const SERVICE_ACCOUNT_LABEL = 'projectcalico.org/serviceaccount';
export const ORCHESTRATOR_LABEL = 'projectcalico.org/orchestrator';
/** A label of a namespace, as its endpoints inherit it. */
export const NAMESPACE_PREFIX = 'pcns.';
/** A label of a service account, as its endpoints inherit it. */
export const SERVICE_ACCOUNT_PREFIX = 'pcsa.';

export function and(...operands: readonly (Selector | undefined)[]): Selector {
  const present = operands.filter((operand) => operand !== undefined && operand.kind !== 'all') as Selector[];
  if (present.length === 0) return { kind: 'all' };
  return present.length === 1 ? present[0] : { kind: 'and', operands: present };
}

export function not(operand: Selector): Selector {
  return { kind: 'not', operand };
}

export function equals(label: string, value: string): Selector {
  return { kind: '==', label, value };
}

export function inNamespace(namespace: string): Selector {
  return equals(NAMESPACE_LABEL, namespace);
}

/** A selector over namespaces as one over their endpoints: `all()` means in any namespace, `global()` in none. */
export function ofNamespace(selector: Selector): Selector {
  return inherited(selector, NAMESPACE_PREFIX, { kind: 'has', label: NAMESPACE_LABEL });
}

/** A selector over service accounts as one over their endpoints: `all()` means with any of them. */
export function ofServiceAccount(selector: Selector): Selector {
  return inherited(selector, SERVICE_ACCOUNT_PREFIX, { kind: 'has', label: SERVICE_ACCOUNT_LABEL });
}

function inherited(selector: Selector, prefix: string, any: Selector): Selector {
  switch (selector.kind) {
    case 'all':
      return any;
    case 'global':
      return not(any);
    case 'not':
      return not(inherited(selector.operand, prefix, any));
    case 'and':
    case 'or':
      return { kind: selector.kind, operands: selector.operands.map((one) => inherited(one, prefix, any)) };
    default:
      return { ...selector, label: `${prefix}${selector.label}` };
  }
}

/** The label conditions of one end of a Calico rule. */
export interface LabelMatches {
  readonly selector?: Selector | undefined;
  readonly notSelector?: Selector | undefined;
  readonly namespaceSelector?: Selector | undefined;
  readonly serviceAccounts?:
    | { readonly names: readonly string[]; readonly selector?: Selector | undefined }
    | undefined;
}

/**
 * All that a side says of labels, as one expression over one identity of the address. A namespaced policy means its own
 * namespace as soon as it says anything; only what a global policy excludes alone stays an exclusion, because addresses
 * outside of the cluster then pass.
 */
export function sideExpression(
  { selector, notSelector, namespaceSelector, serviceAccounts }: LabelMatches,
  namespace: string | undefined,
): { readonly selector?: Selector; readonly notSelector?: Selector } {
  const says = selector !== undefined || notSelector !== undefined || serviceAccounts !== undefined;
  if (!says && namespaceSelector === undefined) return {};
  const where = namespaceSelector !== undefined ? ofNamespace(namespaceSelector) : namespace && inNamespace(namespace);
  if (!where && selector === undefined && serviceAccounts === undefined) return { notSelector: notSelector! };
  const names = serviceAccounts?.names ?? [];
  const accounts = serviceAccounts && [
    names.length > 0 ? ({ kind: 'in', label: SERVICE_ACCOUNT_LABEL, values: new Set(names) } as const) : undefined,
    serviceAccounts.selector && ofServiceAccount(serviceAccounts.selector),
  ];
  return {
    selector: and(where || undefined, selector, ...(accounts ?? []), notSelector && not(notSelector)),
  };
}
