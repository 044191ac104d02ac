/**
 * daemon: the composition root, and the only place that says `new` to the other rooms.
 *
 * `command` reads flags and signals, `config` the settings, `registration` makes the node known to the cluster,
 * `daemon` joins store, calculation, dataplane and routing into one loop, `endpoints` serves CNI requests, `queries`
 * answers questions. It starts in this order and ends in the reverse one; forwarding outlives it.
 */
export { type DaemonIo, runDaemon } from './command.ts';
