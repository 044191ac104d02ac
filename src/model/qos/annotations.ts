import { DIRECTIONS, LIMITS, type QoSControls, type QoSField, settleControls, shorten } from './controls.ts';
import { parseQuantity } from './quantity.ts';

const PREFIX = 'qos.projectcalico.org/';
/** Kubernetes' own names; Calico's go before them. */
const KUBERNETES: { readonly [field in QoSField]?: string } = {
  ingressBandwidth: 'kubernetes.io/ingress-bandwidth',
  egressBandwidth: 'kubernetes.io/egress-bandwidth',
};
const NONE: AnnotatedControls = { controls: undefined, problems: [] };

type Annotations = Readonly<Record<string, string>>;

/** The limits that a pod's annotations ask for; undefined for none. */
export interface AnnotatedControls {
  readonly controls: QoSControls | undefined;
  /** The faults in them, naming the annotation. */
  readonly problems: readonly string[];
}

/** Whether the annotation is about a pod's limits. */
export function isQosAnnotation(name: string): boolean {
  return name.startsWith(PREFIX) || name === KUBERNETES.ingressBandwidth || name === KUBERNETES.egressBandwidth;
}

/** Reads the annotations `qos.projectcalico.org/…` and Kubernetes' bandwidths, whose values are quantities. */
export function qosOfAnnotations(annotations: Annotations): AnnotatedControls {
  if (!Object.keys(annotations).some(isQosAnnotation)) return NONE;
  const problems: string[] = [];
  const given: QoSControls = {};
  const named = new Map<QoSField, string>();
  for (const field of fields()) {
    const name = [PREFIX + field, KUBERNETES[field]].find((one) => one !== undefined && annotations[one] !== undefined);
    if (name === undefined) continue;
    named.set(field, name);
    const value = parseQuantity(annotations[name]);
    if (value === undefined) {
      problems.push(`${name}: left out, for '${shorten(annotations[name])}' is no quantity such as 500k or 10M`);
    } else {
      given[field] = Number(value);
    }
  }
  const dscp = annotations[`${PREFIX}dscp`];
  if (dscp !== undefined) given.dscp = dscp;
  const settled = settleControls(given, (field) => named.get(field) ?? PREFIX + field);
  const isEmpty = Object.keys(settled.controls).length === 0;
  return {
    controls: isEmpty ? undefined : settled.controls,
    problems: [...problems, ...settled.problems].map((problem) => `annotation ${problem}`),
  };
}

function fields(): readonly Exclude<QoSField, 'dscp'>[] {
  return DIRECTIONS.flatMap((direction) => LIMITS.map((limit) => `${direction}${limit}` as const));
}
