import {
  DIRECTIONS,
  type Direction,
  LIMITS,
  qosOfAnnotations,
  settleControls,
  type WorkloadEndpoint,
} from '../model/index.ts';
import type { DesiredLimits, DesiredQos } from './desired.ts';

/** What an endpoint is limited to, and what is wrong with how that is said; undefined where nothing is said. */
export function desiredQos({ metadata, spec }: Pick<WorkloadEndpoint, 'metadata' | 'spec'>): DesiredQos | undefined {
  const given = Object.fromEntries(Object.entries(spec.qosControls ?? {}).filter(([, value]) => value !== 0));
  const { controls, problems } = settleControls(given, (field) => `qosControls.${field}`);
  const annotated = qosOfAnnotations(metadata.annotations ?? {});
  const limits = (direction: Direction): DesiredLimits => {
    const named = LIMITS.map((limit) => [lowerFirst(limit), controls[`${direction}${limit}`]] as const);
    return Object.fromEntries(named.filter(([, value]) => value !== undefined));
  };
  const [ingress, egress] = DIRECTIONS.map(limits);
  const told = [...annotated.problems, ...problems];
  const isEmpty = Object.keys({ ...ingress, ...egress }).length === 0 && told.length === 0;
  return isEmpty ? undefined : { ingress, egress, problems: told };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
