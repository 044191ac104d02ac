/**
 * daemon: the composition root, and the only place that says `new` to the other rooms.
 *
 * `command` reads flags and signals, `config` the settings; `parts` makes store, calculation, dataplane, routing and
 * keeping and joins them into one loop, `observers` makes what looks at it and changes nothing; `daemon` is the node's
 * life: what follows from what between start and stop. `requests` takes what comes over the socket, `queries` answers
 * from `query-sources`. Forwarding outlives all of it.
 */
export { type DaemonIo, runDaemon } from './command.ts';

/** `vrouter daemon` as a command line. A node that runs does without the parser. */
export async function daemonCommand(): Promise<import('commander').Command> {
  return (await import('./flags.ts')).daemonCommand();
}
