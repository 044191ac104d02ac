/**
 * qos: what a workload's traffic is limited to, in Calico's words.
 *
 * `controls.ts` has the fields of a WorkloadEndpoint, their ranges and what goes with what; `annotations.ts` reads them
 * from a pod's annotations, whose values are `quantity.ts`'s, and one `dscp.ts`'s. What is out of range is brought into
 * it, and told.
 */
export { isQosAnnotation, qosOfAnnotations } from './annotations.ts';
export { DIRECTIONS, LIMITS, type QoSControls, type QosDirection, qosControls, settleControls } from './controls.ts';
export { parseDscp } from './dscp.ts';
