/**
 * lab: a cluster on one machine, of the real parts.
 *
 * Every node is a network namespace with a `vrouter daemon` process in it, plugged into one switch (a bridge in a
 * namespace of its own); every pod is a namespace that the real CNI plugin wires; the store is one SQLite file. What
 * is to be made is written to /run/vrouter-lab/NAME/lab.json first, so that a lab that was killed is removed by the
 * next `up` or by `down`, and nothing else ever is.
 *
 *   cli → up, commands → lab (the verbs) → network, node-daemon, pod → ip(8), nsenter(1), the programs
 *                          └─ record (what was made, on disk)
 *
 * `Lab` is also what the end-to-end tests drive.
 */
export { labCommand, runLab } from './cli.ts';
export type { Output } from './command.ts';
export { LabError } from './errors.ts';
export { Lab, type LabOptions } from './lab.ts';
export type { NodePlan } from './plan.ts';
export { type Programs, programsOf } from './program.ts';
export type { Reachability } from './reachability.ts';
export type { PodState } from './state.ts';
export { labStage } from './test-stage.ts';
