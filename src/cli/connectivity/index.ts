/**
 * connectivity: whether pods reach what they should, and nothing else, tried with real packets.
 *
 *   stage (a lab, Kubernetes) ─► pods ─► plan (pure: what is to be tried) ─► agent in each client ─► outcomes
 *                                              findings ◄─ reasons (pure) ◄─ facts (what nodes say of a failure)
 *
 * The agent is a verb of vRouter itself, so that a pod needs no image but the node's own.
 */
export { connectivityJunit, connectivityText } from './report.ts';
export { testConnectivity } from './run.ts';
export type { TestStage, TestTarget } from './stage.ts';
