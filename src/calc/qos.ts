import {
  DIRECTIONS,
  LIMITS,
  parseDscp,
  type QosDirection,
  qosOfAnnotations,
  settleControls,
  type WorkloadEndpoint,
} from '../model/index.ts';
import type { DesiredDscp, DesiredLimits, DesiredQos, DesiredWorkload } from './desired/index.ts';

/** The limits of an endpoint, and the faults in how they are given; undefined where none are. */
export function desiredQos({ metadata, spec }: Pick<WorkloadEndpoint, 'metadata' | 'spec'>): DesiredQos | undefined {
  const annotated = qosOfAnnotations(metadata.annotations ?? {});
  if (spec.qosControls === undefined && annotated.problems.length === 0) return undefined;
  const given = Object.fromEntries(
    Object.entries(spec.qosControls ?? {}).filter(([name, value]) => value !== 0 || name === 'dscp'),
  );
  const { controls, problems } = settleControls(given, (field) => `qosControls.${field}`);
  const limits = (direction: QosDirection): DesiredLimits => {
    const named = LIMITS.map((limit) => [lowerFirst(limit), controls[`${direction}${limit}`]] as const);
    return Object.fromEntries(named.filter(([, value]) => value !== undefined));
  };
  const [ingress, egress] = DIRECTIONS.map(limits);
  const told = [...annotated.problems, ...problems];
  const dscp = controls.dscp === undefined ? undefined : parseDscp(controls.dscp);
  const isEmpty = Object.keys({ ...ingress, ...egress }).length === 0 && dscp === undefined && told.length === 0;
  return isEmpty ? undefined : { ingress, egress, ...(dscp !== undefined && { dscp }), problems: told };
}

/** The pods whose packets are marked, with the mark; undefined for none. */
export function desiredDscp(workloads: readonly DesiredWorkload[]): readonly DesiredDscp[] | undefined {
  const marked = workloads.flatMap(({ key, addresses, qos }) =>
    qos?.dscp === undefined ? [] : [{ addresses, value: qos.dscp, why: `dscp of endpoint ${key}` }],
  );
  return marked.length === 0 ? undefined : marked;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
